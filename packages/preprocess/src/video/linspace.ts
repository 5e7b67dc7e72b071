import { roundHalfEven } from '../rounding.js';

/**
 * `torch.linspace(first, last, count).round()`: `count` whole numbers spread evenly from `first` to `last`.
 *
 * torch computes in float32, forwards from the first value in the first half and backwards from the last one in the
 * second, each with one fused multiply-add. Where a value falls on a half, that rounding decides which frame is taken,
 * so it is repeated here: the double-precision expression rounded once to float32 is the fused result.
 */
export function evenlySpaced(first: number, last: number, count: number): readonly number[] {
  if (count === 1) return [first];
  const start = Math.fround(first);
  const end = Math.fround(last);
  const step = Math.fround(Math.fround(end - start) / Math.fround(count - 1));
  const half = Math.floor(count / 2);
  return Array.from({ length: count }, (_, i) =>
    roundHalfEven(Math.fround(i < half ? start + step * i : end - step * (count - i - 1))),
  );
}
