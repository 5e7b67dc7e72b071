import { ConfigError } from '@vlmkit/core';

/** How 8-bit values become the encoder's inputs: `(value * rescaleFactor - mean) / std`, per channel. */
export interface Normalization {
  /** Mean of red, green and blue, on the rescaled values. */
  readonly mean: readonly number[];
  /** Standard deviation of red, green and blue, on the rescaled values. */
  readonly std: readonly number[];
  /** Maps 8-bit values to 0..1 (default 1/255). */
  readonly rescaleFactor?: number;
}

/**
 * [3, 256] float32: the normalised value of every 8-bit value, per channel. An 8-bit picture has no others, so that a
 * look-up is exact.
 *
 * The roundings are those of the reference's image processor: rescaled in double precision, then rounded to float32,
 * then normalised in float32.
 *
 * @throws ConfigError when there are not three means and three deviations above 0.
 */
export function normalizationTable({ mean, std, rescaleFactor = 1 / 255 }: Normalization): Float32Array {
  checkChannels('mean', mean, Number.isFinite);
  checkChannels('std', std, (value) => value > 0);
  const table = new Float32Array(3 * 256);
  for (let channel = 0; channel < 3; channel++) {
    const center = Math.fround(mean[channel]!);
    const spread = Math.fround(std[channel]!);
    for (let value = 0; value < 256; value++) {
      const rescaled = Math.fround(value * rescaleFactor);
      table[channel * 256 + value] = Math.fround(rescaled - center) / spread;
    }
  }
  return table;
}

function checkChannels(name: string, values: readonly number[], accepts: (value: number) => boolean): void {
  if (values.length === 3 && values.every(accepts)) return;
  throw new ConfigError(`The ${name} for normalising pictures cannot be used.`, {
    expected: name === 'std' ? 'three numbers above 0' : 'three numbers',
    actual: JSON.stringify(values),
  });
}
