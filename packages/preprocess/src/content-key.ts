import type { RgbImage } from './rgb-image.js';

/**
 * Identity of a picture or clip by its pixels, for caching what was computed from them: 128 bits in hexadecimal. Equal
 * frames give equal keys, whatever file they came from. Not meant to withstand deliberate collisions.
 *
 * Source: the mixing steps of MurmurHash3 (x86, 128 bits).
 */
export function contentKey(content: RgbImage | readonly RgbImage[]): string {
  const frames: readonly RgbImage[] = 'data' in content ? [content] : content;
  const state = new Uint32Array(4);
  mix(state, Uint32Array.of(frames.length, frames[0]?.width ?? 0, frames[0]?.height ?? 0, 3));
  for (const { data } of frames) mix(state, asWords(data));
  finish(state);
  return Array.from(state, (word) => word.toString(16).padStart(8, '0')).join('');
}

/** The bytes as 32-bit words, a multiple of four of them; copied only where they are not aligned or end in mid-block. */
function asWords(data: Uint8Array): Uint32Array {
  if (data.byteOffset % 4 === 0 && data.length % 16 === 0) {
    return new Uint32Array(data.buffer, data.byteOffset, data.length / 4);
  }
  const padded = new Uint8Array(Math.ceil(data.length / 16) * 16);
  padded.set(data);
  return new Uint32Array(padded.buffer);
}

const c1 = 0x239b961b;
const c2 = 0xab0e9789;
const c3 = 0x38b34ae5;
const c4 = 0xa1e38b93;

/** Mixes blocks of four words into the state. */
function mix(state: Uint32Array, words: Uint32Array): void {
  let [h1 = 0, h2 = 0, h3 = 0, h4 = 0] = state;
  for (let i = 0; i < words.length; i += 4) {
    h1 ^= Math.imul(rotate(Math.imul(words[i]!, c1), 15), c2);
    h1 = (Math.imul((rotate(h1, 19) + h2) | 0, 5) + 0x561ccd1b) | 0;
    h2 ^= Math.imul(rotate(Math.imul(words[i + 1]!, c2), 16), c3);
    h2 = (Math.imul((rotate(h2, 17) + h3) | 0, 5) + 0x0bcaa747) | 0;
    h3 ^= Math.imul(rotate(Math.imul(words[i + 2]!, c3), 17), c4);
    h3 = (Math.imul((rotate(h3, 15) + h4) | 0, 5) + 0x96cd1c35) | 0;
    h4 ^= Math.imul(rotate(Math.imul(words[i + 3]!, c4), 18), c1);
    h4 = (Math.imul((rotate(h4, 13) + h1) | 0, 5) + 0x32ac3b17) | 0;
  }
  state.set([h1, h2, h3, h4]);
}

/** Spreads every bit of the state over all of it. */
function finish(state: Uint32Array): void {
  spread(state);
  for (let i = 0; i < 4; i++) state[i] = avalanche(state[i]!);
  spread(state);
}

function spread(state: Uint32Array): void {
  state[0] = state[0]! + state[1]! + state[2]! + state[3]!;
  for (let i = 1; i < 4; i++) state[i] = state[i]! + state[0]!;
}

function avalanche(word: number): number {
  let h = word ^ (word >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
