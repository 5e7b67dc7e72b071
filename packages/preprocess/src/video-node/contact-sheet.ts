import { MediaError } from '@vlmkit/core';
import type { RgbImage } from '../rgb-image.js';

/** What a contact sheet shows. */
export interface ContactSheetInput {
  /** The frames, in order. */
  readonly frames: readonly RgbImage[];
  /** Seconds of each frame. */
  readonly timestamps: readonly number[];
}

/** How a contact sheet looks. */
export interface ContactSheetOptions {
  /** Frames side by side (default: about as many as rows, at most 8). */
  readonly columns?: number | undefined;
  /** Width of one frame in pixels (default 224); frames are not enlarged. */
  readonly frameWidth?: number | undefined;
}

const gap = 6;
const labelHeight = 20;

/**
 * One PNG with all frames in reading order and the time under each, for a person to see what the model was shown.
 *
 * @throws MediaError when there are no frames, not one time for each, or sharp is not installed.
 */
export async function drawContactSheet(
  { frames, timestamps }: ContactSheetInput,
  options: ContactSheetOptions = {},
): Promise<Uint8Array> {
  const first = frames[0];
  if (first === undefined || frames.length !== timestamps.length) {
    throw new MediaError('A contact sheet needs frames and a time for each.', {
      actual: `${frames.length} frames and ${timestamps.length} times`,
    });
  }
  const { default: sharp } = await loadSharp();
  const columns = Math.min(options.columns ?? Math.min(8, Math.ceil(Math.sqrt(frames.length))), frames.length);
  const width = Math.min(options.frameWidth ?? 224, first.width);
  const height = Math.max(1, Math.round((first.height * width) / first.width));
  const cell = { width: width + gap, height: height + labelHeight + gap };
  const places = frames.map((_, i) => ({
    left: gap + (i % columns) * cell.width,
    top: gap + Math.floor(i / columns) * cell.height,
  }));
  const pictures = await Promise.all(
    frames.map(({ data, ...raw }) =>
      sharp(data, { raw: { width: raw.width, height: raw.height, channels: 3 } })
        .resize(width, height, { fit: 'fill' })
        .png()
        .toBuffer(),
    ),
  );
  const sheet = {
    width: gap + columns * cell.width,
    height: gap + Math.ceil(frames.length / columns) * cell.height,
  };
  const labels = places.map(
    ({ left, top }, i) => `<text x="${left + width / 2}" y="${top + height + 15}">${formatTime(timestamps[i]!)}</text>`,
  );
  const overlay = Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${sheet.width}" height="${sheet.height}" font-family="sans-serif" ` +
      `font-size="13" fill="#e6e6e6" text-anchor="middle">${labels.join('')}</svg>`,
  );
  return sharp({ create: { ...sheet, channels: 3, background: '#202124' } })
    .composite([...pictures.map((input, i) => ({ input, ...places[i]! })), { input: overlay, left: 0, top: 0 }])
    .removeAlpha()
    .png()
    .toBuffer();
}

/** Seconds as `m:ss.cc`, with hours where there are any: 75.5 is `1:15.50`. */
export function formatTime(seconds: number): string {
  const hundredths = Math.round(Math.abs(seconds) * 100);
  const two = (value: number) => String(value).padStart(2, '0');
  const hours = Math.floor(hundredths / 360_000);
  const minutes = Math.floor(hundredths / 6000) % 60;
  const rest = `${two(Math.floor(hundredths / 100) % 60)}.${two(hundredths % 100)}`;
  return `${seconds < 0 ? '-' : ''}${hours > 0 ? `${hours}:${two(minutes)}` : minutes}:${rest}`;
}

async function loadSharp(): Promise<typeof import('sharp')> {
  try {
    return await import('sharp');
  } catch (cause) {
    throw new MediaError('Contact sheets cannot be drawn: sharp is not installed.', {
      remedy: 'Run `npm install sharp`.',
      cause,
    });
  }
}
