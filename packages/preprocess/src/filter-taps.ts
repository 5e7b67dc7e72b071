/*
 * Legend:
 * - o: pixels of the output along one axis
 * - k: most input pixels that one output pixel draws on
 */

/** Which input pixels make each output pixel along one axis, and with which weights. */
export interface FilterTaps {
  /** k: stride of `weights`. */
  readonly capacity: number;
  /** [o] first input pixel. */
  readonly first: Int32Array;
  /** [o] number of input pixels. */
  readonly count: Int32Array;
  /** [o, k] weights as fixed-point numbers of {@link weightBits} fractional bits; 0 beyond `count`. */
  readonly weights: Int32Array;
}

/** Fractional bits of a weight: what 32 bits leave beside an 8-bit value and the overshoot of the filter. */
export const weightBits = 22;

/** Half-width of the bicubic filter, in input pixels at scale 1. */
const support = 2;

/**
 * Taps of the antialiased bicubic filter: when shrinking, the filter widens by the ratio.
 *
 * Source: the 8-bit path of Pillow's `Resample.c`, whose order of operations is kept, since the last bit of a weight
 * depends on it.
 */
export function bicubicTaps(inputSize: number, outputSize: number): FilterTaps {
  const scale = inputSize / outputSize;
  const filterScale = Math.max(scale, 1);
  const reach = support * filterScale;
  const capacity = Math.ceil(reach) * 2 + 1;
  const inverse = 1 / filterScale;
  const first = new Int32Array(outputSize);
  const count = new Int32Array(outputSize);
  const weights = new Int32Array(outputSize * capacity);
  const exact = new Float64Array(capacity);
  for (let out = 0; out < outputSize; out++) {
    const center = (out + 0.5) * scale;
    const from = Math.max(0, Math.trunc(center - reach + 0.5));
    const taps = Math.min(inputSize, Math.trunc(center + reach + 0.5)) - from;
    let sum = 0;
    for (let i = 0; i < taps; i++) {
      const weight = bicubic((i + from - center + 0.5) * inverse);
      exact[i] = weight;
      sum += weight;
    }
    for (let i = 0; i < taps; i++) weights[out * capacity + i] = toFixedPoint(sum === 0 ? exact[i]! : exact[i]! / sum);
    first[out] = from;
    count[out] = taps;
  }
  return { capacity, first, count, weights };
}

/** Keys' cubic convolution kernel with a = -0.5. */
function bicubic(x: number): number {
  const a = -0.5;
  const d = Math.abs(x);
  if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  if (d < 2) return (((d - 5) * d + 8) * d - 4) * a;
  return 0;
}

/** Rounds half away from zero. */
function toFixedPoint(weight: number): number {
  const scaled = weight * (1 << weightBits);
  return Math.trunc(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
}
