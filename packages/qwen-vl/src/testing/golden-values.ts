/** [scale, offset] of a tensor's values. */
export type ValueFormula = readonly [scale: number, offset: number];

/** A tensor as a safetensors header states it. */
export interface StatedTensor {
  readonly name: string;
  readonly dtype: 'F32' | 'F16' | 'BF16';
  readonly count: number;
}

/** Bits of a value: so few that each is exact in its type. */
const valueBits = { F32: 21, F16: 9, BF16: 6 } as const;

/** The values of a golden checkpoint's tensor, as they are stored. The formula is that of tools/golden/tiny_checkpoints.py. */
export function storedValues({ name, dtype, count }: StatedTensor, [scale, offset]: ValueFormula) {
  const seed = hash(name);
  const bits = valueBits[dtype];
  const half = 2 ** (bits - 1);
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const k = (mix((Math.imul(i, 2654435761) + seed) >>> 0) >>> (32 - bits)) - half;
    values[i] = offset + (scale * k) / half;
  }
  if (dtype === 'F32') return values;
  const patterns = new Uint32Array(values.buffer);
  return Uint16Array.from(patterns, dtype === 'BF16' ? (pattern) => pattern >>> 16 : float16);
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 2166136261;
  for (const byte of Buffer.from(text, 'utf8')) value = Math.imul(value ^ byte, 16777619) >>> 0;
  return value;
}

/** The finalizer of MurmurHash3. */
function mix(value: number): number {
  let x = Math.imul(value ^ (value >>> 16), 2246822507);
  x = Math.imul(x ^ (x >>> 13), 3266489909);
  return (x ^ (x >>> 16)) >>> 0;
}

/** Bits of a float32 as those of the float16 of the same value; only for zero and normal numbers that fit exactly. */
function float16(pattern: number): number {
  if ((pattern & 0x7fffffff) === 0) return pattern >>> 16;
  return ((pattern >>> 16) & 0x8000) | ((((pattern >>> 23) & 0xff) - 112) << 10) | ((pattern >>> 13) & 0x3ff);
}
