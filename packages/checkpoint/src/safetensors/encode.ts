import { byteSize, type DataType, elementCount, encodeUtf8, type Tensor } from '@vlmkit/core';
import { safetensorsDtypes } from './header.js';

/** A tensor as a header declares it. */
export interface TensorDeclaration {
  readonly name: string;
  readonly dtype: DataType;
  readonly dims: readonly number[];
}

/** Length of the tensor in bytes. */
export function declaredBytes({ dtype, dims }: Omit<TensorDeclaration, 'name'>): number {
  return elementCount(dims) * byteSize(dtype);
}

/** Headers end at a multiple of this many bytes. */
export const headerAlignment = 64;

/** Most bytes that a tensor's entry takes in the header of a file of `fileBytes`. */
export function mostEntryBytes(declaration: TensorDeclaration, fileBytes: number): number {
  // The braces around it take a byte more than the comma that would follow.
  return encodeUtf8(JSON.stringify(Object.fromEntries([headerEntry(declaration, [fileBytes, fileBytes])]))).length;
}

function headerEntry({ name, dtype, dims }: TensorDeclaration, range: readonly [number, number]): [string, unknown] {
  return [name, { dtype: safetensorsDtypes[dtype], shape: dims, data_offsets: range }];
}

/**
 * Encodes the length prefix and the header of a safetensors file whose tensors follow in the given order. The header is
 * padded with spaces to 64 bytes, so that the tensor bytes start aligned for mapping.
 */
export function encodeSafetensorsHeader(
  tensors: readonly TensorDeclaration[],
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const fields: [string, unknown][] = Object.keys(metadata).length > 0 ? [['__metadata__', metadata]] : [];
  let position = 0;
  for (const declaration of tensors) {
    const end = position + declaredBytes(declaration);
    fields.push(headerEntry(declaration, [position, end]));
    position = end;
  }
  const json = encodeUtf8(JSON.stringify(Object.fromEntries(fields)));
  const padded = Math.ceil((8 + json.length) / headerAlignment) * headerAlignment;
  const bytes = new Uint8Array(padded).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded - 8), true);
  bytes.set(json, 8);
  return bytes;
}

/**
 * Encodes named tensors as one safetensors file in memory. Tensors are stored by descending element size, so that each
 * starts aligned to its own elements.
 *
 * @throws RangeError when a tensor's data does not match its dims.
 */
export function encodeSafetensors(
  tensors: Readonly<Record<string, Tensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const entries = Object.entries(tensors).sort(([, a], [, b]) => byteSize(b.dtype) - byteSize(a.dtype));
  const header = encodeSafetensorsHeader(
    entries.map(([name, { dtype, dims }]) => ({ name, dtype, dims })),
    metadata,
  );
  const dataBytes = entries.reduce((sum, [, { dtype, dims }]) => sum + declaredBytes({ dtype, dims }), 0);
  const bytes = new Uint8Array(header.length + dataBytes);
  bytes.set(header);
  let position = header.length;
  for (const [name, { dtype, dims, data }] of entries) {
    const expected = declaredBytes({ dtype, dims });
    if (data.byteLength !== expected) {
      throw new RangeError(
        `${name} has shape [${dims.join(', ')}], ${expected} bytes, but its data has ${data.byteLength}.`,
      );
    }
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), position);
    position += expected;
  }
  return bytes;
}
