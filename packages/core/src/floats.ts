import type { DataType, TensorArrays } from './tensor.js';

/** Largest finite float16. */
export const maxFloat16 = 65_504;

/** Scaling by this moves float16's exponent bias (15) to float32's (127). */
const exponentShift = 2 ** 112;

/** Adding and subtracting this rounds to multiples of 2^-24, float16's smallest step, half to even. */
const subnormalRounder = 1.5 * 2 ** 28;

/** Adding and subtracting a number times this keeps its first 11 bits (Veltkamp's splitting of a 53-bit number). */
const splitter = 2 ** 42 + 1;

/** The float16 nearest to a finite number, as a number. Overflows to infinity. */
export function roundToFloat16(value: number): number {
  const size = Math.abs(value);
  if (size < 2 ** -14) return value + subnormalRounder - subnormalRounder;
  const scaled = value * splitter;
  const rounded = scaled - (scaled - value);
  return Math.abs(rounded) > maxFloat16 ? Math.sign(value) * Number.POSITIVE_INFINITY : rounded;
}

/** float32 to float16 bit patterns, half to even; overflows become infinities. */
export function encodeFloat16(values: Float32Array): Uint16Array<ArrayBuffer> {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const encoded = new Uint16Array(values.length);
  const subnormal = new Float32Array(1);
  const subnormalBits = new Uint32Array(subnormal.buffer);
  for (let i = 0; i < values.length; i++) {
    const source = bits[i]!;
    const sign = (source >>> 16) & 0x8000;
    const size = source & 0x7fffffff;
    let half: number;
    if (size > 0x7f800000) half = 0x7e00;
    else if (size >= 0x477ff000) half = 0x7c00;
    else if (size >= 0x38800000) half = (size - 0x38000000 + 0xfff + ((size >>> 13) & 1)) >>> 13;
    else {
      // Adding 0.5 makes one unit of the result's last bit equal to 2^-24, so the addition itself rounds.
      subnormal[0] = Math.abs(values[i]!) + 0.5;
      half = subnormalBits[0]! - 0x3f000000;
    }
    encoded[i] = sign | half;
  }
  return encoded;
}

/** float16 bit patterns to float32, exactly. */
export function decodeFloat16(encoded: Uint16Array): Float32Array<ArrayBuffer> {
  const values = new Float32Array(encoded.length);
  const bits = new Uint32Array(values.buffer);
  for (let i = 0; i < encoded.length; i++) {
    const half = encoded[i]!;
    const isSpecial = (half & 0x7c00) === 0x7c00;
    bits[i] = ((half & 0x7fff) << 13) | (isSpecial ? 0x7f800000 : 0);
    if (!isSpecial) values[i] = values[i]! * exponentShift;
    bits[i] = bits[i]! | ((half & 0x8000) << 16);
  }
  return values;
}

/** bfloat16 bit patterns to float32, exactly. */
export function decodeBfloat16(encoded: Uint16Array): Float32Array<ArrayBuffer> {
  const values = new Float32Array(encoded.length);
  const bits = new Uint32Array(values.buffer);
  for (let i = 0; i < encoded.length; i++) bits[i] = encoded[i]! << 16;
  return values;
}

/** Element types that hold real numbers. */
export type FloatType = 'float32' | 'float16' | 'bfloat16';

/** Whether tensors of this type hold real numbers. */
export function isFloatType(dtype: DataType): dtype is FloatType {
  return dtype === 'float32' || dtype === 'float16' || dtype === 'bfloat16';
}

/** The values of a floating-point tensor as float32; the array itself when it is one already. */
export function decodeFloats<T extends FloatType>(dtype: T, data: TensorArrays[T]): Float32Array {
  if (data instanceof Float32Array) return data;
  return dtype === 'bfloat16' ? decodeBfloat16(data) : decodeFloat16(data);
}
