/** The digits of a number of 0 or more, without an exponent. */
export interface Decimal {
  /** Digits before the point, without leading zeros: `0` or more digits than that. */
  readonly whole: string;
  /** Digits after the point, without trailing zeros; often none. */
  readonly fraction: string;
}

/** The shortest digits that stand for a number. Only its magnitude counts; it must be finite. */
export function decimalOf(value: number): Decimal {
  const [mantissa = '', exponent = '0'] = String(Math.abs(value)).split('e');
  const [before = '', after = ''] = mantissa.split('.');
  const digits = before + after;
  const point = before.length + Number(exponent);
  const whole = point > 0 ? digits.slice(0, point).padEnd(point, '0') : '0';
  const fraction = point > 0 ? digits.slice(point) : '0'.repeat(-point) + digits;
  return { whole: whole.replace(/^0+(?=.)/, ''), fraction: fraction.replace(/0+$/, '') };
}

/** The next number of 64 bits above (1) or below (-1) one; infinite beyond the greatest. */
export function neighbourOf(value: number, direction: 1 | -1): number {
  if (!Number.isFinite(value)) return value;
  if (value === 0) return direction * Number.MIN_VALUE;
  const bits = new BigInt64Array(1);
  const number = new Float64Array(bits.buffer);
  number[0] = value;
  // Sign and magnitude: one bit more lies farther from 0, on either side of it.
  bits[0]! += BigInt(direction * Math.sign(value));
  return number[0];
}
