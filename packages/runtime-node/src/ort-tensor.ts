import { byteSize, type DataType, RuntimeError, type Tensor, type TensorArrays, viewBytes } from '@vlmkit/core';
import { Tensor as OrtTensor } from 'onnxruntime-node';
import type { KeptTensor } from './protocol.js';

const dataTypes: readonly DataType[] = ['float32', 'float16', 'bfloat16', 'int64', 'int32', 'uint8', 'int8', 'bool'];

/** The core name of onnxruntime's element type. @throws RuntimeError for types that vlmkit does not move. */
export function coreType(type: string): DataType {
  const dtype = dataTypes.find((known) => known === type);
  if (dtype) return dtype;
  throw new RuntimeError(`Tensors of type ${type} cannot leave the device.`, {
    expected: `one of ${dataTypes.join(', ')}`,
    actual: type,
    remedy: 'Cast the value inside the graph.',
  });
}

/** Wraps host values for onnxruntime, without a copy. */
export function toOrt(dtype: DataType, data: TensorArrays[DataType], dims: readonly number[]): OrtTensor {
  if (dtype === 'bfloat16') {
    throw new RuntimeError('bfloat16 values cannot be fed to a graph: onnxruntime-node has no such tensors.', {
      expected: 'float32 or float16',
      remedy: 'Feed float32, and cast inside the graph.',
    });
  }
  if (dtype !== 'float16') return new OrtTensor(dtype, data, dims);
  // Where Float16Array exists (Node 24), the constructor turns bit patterns into one, which the native part of
  // onnxruntime-node 1.30 takes for empty. The native part reads `type` and `data`, and knows bit patterns.
  return Object.assign(new OrtTensor('uint16', data as Uint16Array, dims), { type: dtype });
}

/** An output in a form that can be fed again. */
export function refeedable(value: OrtTensor): OrtTensor {
  if (value.location !== 'cpu' || value.type !== 'float16') return value;
  const { dtype, data, dims } = fromOrt(value);
  return toOrt(dtype, data, dims);
}

/** The values of a tensor that lies in host memory, without a copy. float16 becomes its bit patterns on every version of Node. */
export function fromOrt(value: OrtTensor): Tensor {
  const dtype = coreType(value.type);
  const { buffer, byteOffset, byteLength } = value.data as Uint8Array<ArrayBuffer>;
  return { dtype, dims: [...value.dims], data: viewBytes(dtype, new Uint8Array(buffer, byteOffset, byteLength)) };
}

/** Type and extents of a tensor, wherever it lies. */
export function kindOf(value: OrtTensor): KeptTensor {
  return { dtype: coreType(value.type), dims: [...value.dims] };
}

/** Allocates zeros for `elements` elements. */
export function allocate(dtype: DataType, elements: number): TensorArrays[DataType] {
  return viewBytes(dtype, new Uint8Array(elements * byteSize(dtype)));
}
