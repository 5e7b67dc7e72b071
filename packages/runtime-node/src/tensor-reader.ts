import { type DataType, elementCount, type Tensor } from '@vlmkit/core';
import { GraphBuilder } from '@vlmkit/onnx-graph';
import { type InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { createOrtSession } from './ort-session.js';
import { allocate, coreType, fromOrt } from './ort-tensor.js';
import type { OpenRequest } from './protocol.js';

/**
 * Brings values of the device to the host. onnxruntime-node 1.30 cannot download a GPU tensor by itself, but a
 * graph's output can be asked for on the host: so GPU tensors go through a graph that changes nothing.
 */
export class TensorReader {
  readonly #device: OpenRequest;
  readonly #sessions = new Map<DataType, InferenceSession>();

  constructor(device: OpenRequest) {
    this.#device = device;
  }

  /** The values of a tensor. Those of a host tensor are not copied. */
  async read(tensor: OrtTensor): Promise<Tensor> {
    if (tensor.location !== 'gpu-buffer') return fromOrt(tensor);
    const dtype = coreType(tensor.type);
    const dims = [...tensor.dims];
    const elements = elementCount(dims);
    if (elements === 0) return { dtype, dims, data: allocate(dtype, 0) };
    const session = this.#sessions.get(dtype) ?? (await this.#identity(dtype));
    this.#sessions.set(dtype, session);
    // The graph takes a vector; the buffer is the same.
    const flat = OrtTensor.fromGpuBuffer(tensor.gpuBuffer, {
      dataType: tensor.type as OrtTensor.GpuBufferDataTypes,
      dims: [elements],
    });
    const { y } = await session.run({ x: flat });
    return { ...fromOrt(y as OrtTensor), dims };
  }

  async close(): Promise<void> {
    for (const session of this.#sessions.values()) await session.release();
    this.#sessions.clear();
  }

  #identity(dtype: DataType): Promise<InferenceSession> {
    const graph = new GraphBuilder();
    graph.output('y', graph.input('x', dtype, ['n']), ['n']);
    const model = graph.finish('download');
    return createOrtSession(this.#device, { name: model.name, bytes: model.encode(), directory: '', outputs: 'host' });
  }
}
