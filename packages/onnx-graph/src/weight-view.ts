import { elementCount, GraphError, type WeightInfo } from '@vlmkit/core';

/**
 * Rows `start` to `end` (exclusive) of a stored tensor, as a tensor over the same bytes.
 *
 * @throws GraphError when the tensor has no such rows.
 */
export function viewRows(info: WeightInfo, start: number, end: number): WeightInfo {
  const [rows = 1, ...rest] = info.dims;
  if (start < 0 || end > rows || start >= end) {
    throw new GraphError(`Rows ${start} to ${end} of ${info.name} do not exist.`, {
      expected: `rows within 0..${rows}`,
    });
  }
  const rowBytes = info.byteLength / rows;
  return {
    ...info,
    name: `${info.name}[${start}:${end}]`,
    dims: [end - start, ...rest],
    offset: info.offset + start * rowBytes,
    byteLength: (end - start) * rowBytes,
  };
}

/** A stored tensor with other extents over the same bytes. @throws GraphError when they are of another number of elements. */
export function viewAs(info: WeightInfo, dims: readonly number[]): WeightInfo {
  if (elementCount(dims) !== elementCount(info.dims)) {
    throw new GraphError(`${info.name} cannot be viewed as [${dims.join(', ')}].`, {
      actual: `[${info.dims.join(', ')}]`,
    });
  }
  return { ...info, name: `${info.name}[${dims.join(',')}]`, dims };
}
