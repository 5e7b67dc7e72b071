import { constants } from 'node:buffer';
import { type DataType, type DeviceProfile, elementCount, type Tensor, tensor } from '@vlmkit/core';
import { elementType, GraphBuilder } from '@vlmkit/onnx-graph';
import { createOrtSession } from './ort-session.js';
import { toOrt } from './ort-tensor.js';
import type { OpenRequest } from './protocol.js';
import type { TensorReader } from './tensor-reader.js';

/** Largest buffer that WebGPU adapters for computers grant in practice; Node has no way to ask. */
const webgpuBufferBytes = 2 ** 30;

/**
 * Finds out what the device can do, by small graphs whose results are known. A device's name says too little: fused
 * attention, for one, is wrong on WebGPU adapters with narrow subgroups as soon as there are 32 queries.
 *
 * @throws RuntimeError when the device does not work at all.
 */
export async function probeDevice(device: OpenRequest, reader: TensorReader): Promise<DeviceProfile> {
  const run = runner(device, reader);
  await run(doubling('float32'));
  const fused = await works(() => run(attention()), attentionByHand());
  const float16 = device.device !== 'cpu' && (await works(() => run(doubling('float16')), new Float32Array([2, -3])));
  const float16Weights = await works(() => run(float16Rows()), new Float32Array([2, -3]));
  // onnxruntime's 8-bit products are written for CPUs; elsewhere they are emulated or missing.
  const wideActivations = device.device === 'cpu' && (await works(() => run(largestProducts()), new Float32Array([1])));
  return {
    label: `onnxruntime-node, ${device.device}, ${device.threads} threads`,
    attention: fused ? 'fused' : 'composed',
    float16,
    int8ActivationBits: device.device === 'cpu' ? (wideActivations ? 8 : 7) : 0,
    float16Weights,
    maxBufferBytes: device.device === 'webgpu' ? webgpuBufferBytes : constants.MAX_LENGTH,
    // onnxruntime-node returns CUDA's outputs through host memory.
    deviceOutputs: device.device !== 'cuda',
    kvCache: device.device === 'webgpu' ? 'handover' : 'append',
  };
}

interface Probe {
  readonly bytes: Uint8Array;
  readonly feed: Tensor;
}

type Runner = (probe: Probe) => Promise<Float32Array>;

function runner(device: OpenRequest, reader: TensorReader): Runner {
  return async ({ bytes, feed }) => {
    const failure = `The device "${device.device}" cannot be opened`;
    const session = await createOrtSession(device, { name: 'probe', bytes, directory: '', failure });
    try {
      const { y } = await session.run({ x: toOrt(feed.dtype, feed.data, feed.dims) });
      if (!y) return new Float32Array();
      const { data } = await reader.read(y as Parameters<TensorReader['read']>[0]);
      return data as Float32Array;
    } finally {
      await session.release();
    }
  };
}

/** Whether a probe runs at all and gives `expected`. What it fails with is of no interest: the device cannot do it. */
async function works(probe: () => Promise<Float32Array>, expected: Float32Array): Promise<boolean> {
  try {
    const actual = await probe();
    return actual.length === expected.length && expected.every((value, i) => Math.abs(value - actual[i]!) < 1e-3);
  } catch {
    return false;
  }
}

/** x + x in `dtype`, for x = [1, -1.5]. */
function doubling(dtype: DataType): Probe {
  const graph = new GraphBuilder();
  const x = graph.input('x', 'float32', [2]);
  const inner = graph.op('Cast', [x], { attributes: { to: elementType(dtype) }, dtype });
  const sum = graph.op('Add', [inner, inner]);
  graph.output('y', graph.op('Cast', [sum], { attributes: { to: elementType('float32') }, dtype: 'float32' }), [2]);
  return { bytes: graph.finish('probe').encode(), feed: tensor('float32', [2], Float32Array.of(1, -1.5)) };
}

/** Rows x = [1, 0] of a float16 weight [-3, 2]. */
function float16Rows(): Probe {
  const graph = new GraphBuilder();
  const x = graph.input('x', 'float32', [2]);
  const rows = graph.op('Cast', [x], { attributes: { to: elementType('int64') }, dtype: 'int64' });
  const stored = graph.constant(tensor('float16', [2], Uint16Array.of(0xc200, 0x4000)));
  const taken = graph.op('Gather', [stored, rows]);
  graph.output('y', graph.op('Cast', [taken], { attributes: { to: elementType('float32') }, dtype: 'float32' }), [2]);
  return { bytes: graph.finish('probe').encode(), feed: tensor('float32', [2], Float32Array.of(1, 0)) };
}

/**
 * The largest activation by the largest weight, summed over 64 inputs and divided by what that must give: less than 1 on
 * processors that add pairs of products in 16 bits.
 */
function largestProducts(): Probe {
  const [inputs, outputs] = [64, 16];
  const graph = new GraphBuilder();
  const x = graph.input('x', 'float32', [1, inputs]);
  const activations = graph.op('Cast', [x], { attributes: { to: elementType('uint8') }, dtype: 'uint8' });
  const weight = graph.constant(tensor('int8', [inputs, outputs], new Int8Array(inputs * outputs).fill(127)));
  const zero = graph.constant(tensor('uint8', [], Uint8Array.of(128)));
  const factors = [graph.float(1), graph.float(1 / (127 * 127 * inputs))];
  const products = graph.op('MatMulIntegerToFloat', [activations, weight, ...factors, zero], {
    domain: 'com.microsoft',
    dtype: 'float32',
  });
  graph.output('y', graph.op('ReduceMin', [products], { attributes: { keepdims: 0 } }), []);
  return {
    bytes: graph.finish('probe').encode(),
    feed: tensor('float32', [1, inputs], new Float32Array(inputs).fill(255)),
  };
}

const queries = 64;
const heads = 2;
const headSize = 32;
const attentionDims = [1, queries, heads * headSize];

/** x attends to itself. */
function attention(): Probe {
  const graph = new GraphBuilder();
  const x = graph.input('x', 'float32', attentionDims);
  const options = { domain: 'com.microsoft', attributes: { num_heads: heads } } as const;
  graph.output('y', graph.op('MultiHeadAttention', [x, x, x], options), attentionDims);
  return { bytes: graph.finish('probe').encode(), feed: attentionInput() };
}

function attentionInput(): Tensor<'float32'> {
  const data = Float32Array.from({ length: elementCount(attentionDims) }, (_, i) => Math.sin(i * 0.7) * 2);
  return tensor('float32', attentionDims, data);
}

/** softmax(x xᵀ / √d) x, head by head. */
function attentionByHand(): Float32Array {
  const { data: x } = attentionInput();
  const width = heads * headSize;
  const result = new Float32Array(x.length);
  for (let head = 0; head < heads; head++) {
    const at = (row: number, column: number) => x[row * width + head * headSize + column]!;
    for (let query = 0; query < queries; query++) {
      const dot = (key: number) => {
        let sum = 0;
        for (let i = 0; i < headSize; i++) sum += at(query, i) * at(key, i);
        return sum / Math.sqrt(headSize);
      };
      const scores = Array.from({ length: queries }, (_, key) => dot(key));
      const top = Math.max(...scores);
      const weights = scores.map((score) => Math.exp(score - top));
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      for (let i = 0; i < headSize; i++) {
        const mixed = weights.reduce((sum, weight, key) => sum + weight * at(key, i), 0);
        result[query * width + head * headSize + i] = mixed / total;
      }
    }
  }
  return result;
}
