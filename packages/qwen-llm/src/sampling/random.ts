/** State of a generator of random numbers: four 32-bit words, not all zero. One per request. */
export type RandomState = Uint32Array;

/**
 * Starts a generator from a seed, an integer from 0 to 2^53 - 1. Its bits are scrambled, so that close seeds give
 * unrelated sequences.
 */
export function createRandom(seed: number): RandomState {
  const low = seed >>> 0;
  const high = Math.floor(seed / 2 ** 32);
  // Steps of the golden ratio keep the four words apart (Steele et al., "Fast Splittable Pseudorandom Number Generators").
  const word = (i: number) => mix(mix(low + Math.imul(i, 0x9e3779b9)) + high);
  return Uint32Array.of(word(1), word(2), word(3), word(4));
}

/** MurmurHash3's 32-bit finaliser (Appleby). */
function mix(value: number): number {
  let z = value;
  z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
  return (z ^ (z >>> 16)) >>> 0;
}

/** The next 32 bits of xoshiro128** (Blackman and Vigna, "Scrambled Linear Pseudorandom Number Generators", 2021). */
export function nextUint32(state: RandomState): number {
  const s1 = state[1]!;
  const product = Math.imul(s1, 5);
  const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
  state[2]! ^= state[0]!;
  state[3]! ^= s1;
  state[1]! ^= state[2]!;
  state[0]! ^= state[3]!;
  state[2]! ^= s1 << 9;
  const s3 = state[3]!;
  state[3] = (s3 << 11) | (s3 >>> 21);
  return result;
}

/** A number drawn evenly from [0, 1), with 53 random bits. */
export function nextUniform(state: RandomState): number {
  const high = nextUint32(state) >>> 5;
  const low = nextUint32(state) >>> 6;
  return (high * 2 ** 26 + low) / 2 ** 53;
}
