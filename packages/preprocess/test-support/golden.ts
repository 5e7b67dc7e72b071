import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { RgbImage } from '../src/rgb-image.js';

const folder = new URL('../../../fixtures/preprocess/', import.meta.url);

/** A file of fixtures/preprocess. */
export function fixtureBytes(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(name, folder)));
}

/** The content of a JSON file of fixtures/preprocess, which `tools/golden` makes. */
export function fixture<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as T;
}

/** The noise that tools/golden/preprocess.py makes for a seed. */
export function noise(width: number, height: number, seed: number): RgbImage {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i++) {
    let x = (Math.imul(i, 2654435761) + seed * 40503) | 0;
    x ^= x >>> 15;
    data[i] = Math.imul(x, 2246822519) >>> 24;
  }
  return { width, height, data };
}

/** SHA-256 of an array's bytes, in hexadecimal. */
export function sha256(array: Uint8Array | Float32Array): string {
  return createHash('sha256')
    .update(new Uint8Array(array.buffer, array.byteOffset, array.byteLength))
    .digest('hex');
}
