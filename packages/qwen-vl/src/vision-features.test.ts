import { AbortError, tensor, type VisualSegment } from '@vlmkit/core';
import { describe, expect, it } from 'vitest';
import { FakeEncoder, FakeProjector } from './testing/fakes.js';
import { VisionFeatures } from './vision-features.js';

/** A picture of one visual token, whose four features are 16 bytes. */
function picture(key: string): VisualSegment {
  const patches = tensor('float32', [4, 2], new Float32Array(8).fill(key.charCodeAt(0)));
  const size = { width: 28, height: 28 };
  return { kind: 'image', patches, grid: [1, 2, 2], original: size, resized: size, key };
}

function features(cacheBytes: number) {
  const encoder = new FakeEncoder();
  return { encoder, vision: new VisionFeatures({ encoder, inputProjector: new FakeProjector() }, { cacheBytes }) };
}

describe('VisionFeatures', () => {
  it('encodes a picture once for all who ask at the same time', async () => {
    const { encoder, vision } = features(64);
    const all = await Promise.all([1, 2, 3, 4].map(() => vision.encode([picture('a')])));
    expect(encoder.encoded).toBe(1);
    expect(new Set(all.flat()).size).toBe(1);
  });

  it('goes on for the others when the one who asked first aborts', async () => {
    const { encoder, vision } = features(64);
    const controller = new AbortController();
    const first = vision.encode([picture('a')], controller.signal);
    const second = vision.encode([picture('a')]);
    controller.abort();
    await expect(first).rejects.toThrow(AbortError);
    expect((await second)[0]!.data).toEqual(new Float32Array(4).fill(97));
    expect(encoder.encoded).toBe(1);
  });

  it('counts the bytes that it keeps, so that concurrent asking leaves room for as many pictures as before', async () => {
    const { encoder, vision } = features(3 * 16);
    for (let round = 0; round < 4; round++) await Promise.all([1, 2, 3].map(() => vision.encode([picture('a')])));
    for (const key of ['b', 'c', 'a', 'b', 'c']) await vision.encode([picture(key)]);
    expect(encoder.encoded).toBe(3);
  });

  it('forgets what was not used for the longest time', async () => {
    const { encoder, vision } = features(2 * 16);
    for (const key of ['a', 'b', 'a', 'c', 'a', 'b']) await vision.encode([picture(key)]);
    expect(encoder.encoded).toBe(4);
  });

  it('keeps nothing in a cache of no bytes', async () => {
    const { encoder, vision } = features(0);
    for (const key of ['a', 'a']) await vision.encode([picture(key)]);
    expect(encoder.encoded).toBe(2);
  });
});
