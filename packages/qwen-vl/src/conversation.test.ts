import { int64, tensor, type VisualSegment } from '@vlmkit/core';
import { describe, expect, it } from 'vitest';
import { Conversation } from './conversation.js';
import type { Prompt } from './prompt.js';
import { FakeBackbone, FakeEncoder, FakeProjector } from './testing/fakes.js';
import { VisionFeatures } from './vision-features.js';

/** A prompt of these ids; id 7 is a picture of one visual token. */
function prompt(ids: readonly number[], keys: readonly string[] = []): Prompt {
  const starts = ids.flatMap((id, i) => (id === 7 ? [i] : []));
  const row = ids.map((_, i) => i);
  return {
    tokenIds: ids,
    positions: int64([3, ids.length], [...row, ...row, ...row]),
    ropeDelta: 0,
    segments: starts.map((_, i) => picture(keys[i])),
    spans: starts.map((start) => ({ start, length: 1 })),
  };
}

function picture(key: string | undefined): VisualSegment {
  const patches = tensor('float32', [4, 2], new Float32Array(8).fill(key?.length ?? 1));
  const size = { width: 28, height: 28 };
  return { kind: 'image', patches, grid: [1, 2, 2], original: size, resized: size, ...(key && { key }) };
}

function conversation() {
  const backbone = new FakeBackbone([1]);
  const encoder = new FakeEncoder();
  const vision = new VisionFeatures({ encoder, inputProjector: new FakeProjector() });
  return { backbone, encoder, talk: new Conversation(backbone, vision) };
}

describe('Conversation', () => {
  it('feeds only what a longer prompt adds', async () => {
    const { backbone, talk } = conversation();
    await talk.prefill(prompt([1, 2, 3]), { newTokens: 20 });
    const second = await talk.prefill(prompt([1, 2, 3, 4, 5]), { newTokens: 5 });
    expect(backbone.calls.map(({ tokenIds }) => tokenIds)).toEqual([
      [1, 2, 3],
      [4, 5],
    ]);
    expect(second.reusedTokens).toBe(3);
    expect(backbone.states).toBe(1);
  });

  it('falls back to the longest common prefix of a changed history', async () => {
    const { backbone, talk } = conversation();
    await talk.prefill(prompt([1, 2, 3, 4]), { newTokens: 20 });
    await talk.prefill(prompt([1, 2, 9, 4, 5]), { newTokens: 5 });
    expect(backbone.calls[1]).toMatchObject({ tokenIds: [9, 4, 5], start: 2 });
  });

  it('computes the last token again when the prompt is the same', async () => {
    const { backbone, talk } = conversation();
    await talk.prefill(prompt([1, 2, 3]), { newTokens: 5 });
    await talk.prefill(prompt([1, 2, 3]), { newTokens: 5 });
    expect(backbone.calls[1]).toMatchObject({ tokenIds: [3], start: 2 });
  });

  it('encodes the picture of a long chat once', async () => {
    const { encoder, talk } = conversation();
    const ids = [1, 7, 2];
    for (let turn = 0; turn < 10; turn++) {
      ids.push(3, 4);
      await talk.prefill(prompt(ids, ['a']), { newTokens: 40 });
    }
    expect(encoder.encoded).toBe(1);
  });

  it('takes equal placeholders over another picture for another prompt', async () => {
    const { backbone, encoder, talk } = conversation();
    await talk.prefill(prompt([1, 7, 2], ['a']), { newTokens: 5 });
    await talk.prefill(prompt([1, 7, 2], ['bb']), { newTokens: 5 });
    expect(backbone.calls[1]).toMatchObject({ tokenIds: [7, 2], slots: [0], start: 1 });
    expect(encoder.encoded).toBe(2);
  });

  it('keeps the picture of the same content when the conversation outgrows its cache', async () => {
    const { backbone, encoder, talk } = conversation();
    await talk.prefill(prompt([1, 7, 2], ['a']), { newTokens: 1 });
    const grown = await talk.prefill(prompt([1, 7, 2, 3, 4, 5], ['a']), { newTokens: 30 });
    expect(backbone.states).toBe(2);
    expect(grown.reusedTokens).toBe(0);
    expect(backbone.calls[1]).toMatchObject({ slots: [1], start: 0 });
    expect(encoder.encoded).toBe(1);
  });

  it('keeps what it computed as long as the room that it reserved lasts', async () => {
    const backbone = new FakeBackbone([1]);
    const talk = new Conversation(backbone, undefined, { reserve: 64 });
    await talk.prefill(prompt([1, 2]), { newTokens: 10 });
    const second = await talk.prefill(prompt([1, 2, 3, 4, 5, 6]), { newTokens: 50 });
    expect(second.reusedTokens).toBe(2);
    expect(backbone.states).toBe(1);
  });

  it('refuses what the context cannot hold', async () => {
    const talk = new Conversation(new FakeBackbone([1], 8), undefined);
    await expect(talk.prefill(prompt([1, 2, 3]), { newTokens: 6 })).rejects.toThrow(/at most 8 tokens.*Found 9/);
  });
});
