/** Python's `round`: halves go to the even neighbour. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const fraction = value - floor;
  if (fraction !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** The multiple of `factor` nearest to `value`. */
export function roundByFactor(value: number, factor: number): number {
  return roundHalfEven(value / factor) * factor;
}

/** The smallest multiple of `factor` that is at least `value`. */
export function ceilByFactor(value: number, factor: number): number {
  return Math.ceil(value / factor) * factor;
}

/** The largest multiple of `factor` that is at most `value`. */
export function floorByFactor(value: number, factor: number): number {
  return Math.floor(value / factor) * factor;
}
