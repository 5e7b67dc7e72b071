import { AbortError, int64, RuntimeError, tensor, type VisualSegment } from '@vlmkit/core';
import { describe, expect, it } from 'vitest';
import { Conversation, type Prefilled } from './conversation.js';
import type { Prompt } from './prompt.js';
import { openDemo } from './testing/demo.js';
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

/** The first ids of a text that goes on for ever. */
function text(length: number): Prompt {
  return prompt(Array.from({ length }, (_, i) => 10 + ((i * 7) % 90)));
}

describe('a conversation that outgrows its cache', () => {
  /** A backbone whose states grow, after `onGrow`, and the capacities that they grew to. */
  function growing(onGrow: () => Promise<void> = async () => undefined) {
    const backbone = new FakeBackbone([1]);
    const grown: number[] = [];
    backbone.onGrow = async (capacity) => {
      grown.push(capacity);
      await onGrow();
    };
    return { backbone, grown, talk: new Conversation(backbone, undefined) };
  }

  it('feeds only what each turn adds', async () => {
    const { backbone, grown, talk } = growing();
    for (const length of [10, 20, 30, 40]) await talk.prefill(text(length), { newTokens: 5 });
    await talk.prefill(text(50), { newTokens: 200 });
    expect(backbone.calls.map(({ start, tokenIds }) => [start, tokenIds.length])).toEqual([
      [0, 10],
      [10, 10],
      [20, 10],
      [30, 10],
      [40, 10],
    ]);
    // Twice the size, or what is needed.
    expect(grown).toEqual([30, 60, 250]);
    expect(backbone.states).toBe(1);
  });

  it('moves no more of it than the next prompt begins with, and nothing of another prompt', async () => {
    const lengths: number[] = [];
    const turns: Prefilled[] = [];
    const { backbone, talk } = growing(async () => void lengths.push(turns[0]!.state.length));
    turns.push(await talk.prefill(text(20), { newTokens: 5 }));
    const changed = [...text(12).tokenIds, ...new Array<number>(20).fill(5)];
    turns.push(await talk.prefill(prompt(changed), { newTokens: 5 }));
    await talk.prefill(prompt(new Array<number>(60).fill(6)), { newTokens: 5 });
    expect(turns[1]!.reusedTokens).toBe(12);
    expect(lengths).toEqual([12]);
    expect(backbone.states).toBe(2);
  });

  it('computes its history again when there is no memory for two caches', async () => {
    const { backbone, talk } = growing(() => Promise.reject(new RuntimeError('There is no memory.')));
    await talk.prefill(text(20), { newTokens: 5 });
    const second = await talk.prefill(text(30), { newTokens: 5 });
    expect(second.reusedTokens).toBe(0);
    expect(backbone.calls[1]).toMatchObject({ start: 0, tokenIds: text(30).tokenIds });
    expect(backbone.states).toBe(2);
  });

  it('keeps its tokens when the turn is aborted while it grows', async () => {
    const failures = [new AbortError()];
    const { backbone, talk } = growing(async () => {
      for (const failure of failures.splice(0)) throw failure;
    });
    await talk.prefill(text(20), { newTokens: 5 });
    await expect(talk.prefill(text(30), { newTokens: 5 })).rejects.toBeInstanceOf(AbortError);
    expect((await talk.prefill(text(30), { newTokens: 5 })).reusedTokens).toBe(20);
    expect(backbone.states).toBe(1);
  });

  it.each([
    ['grows', undefined],
    ['fails to grow', new RuntimeError('The state is gone.')],
  ])('is not revived by a state that %s after its disposal', async (_, failure) => {
    const talks: Conversation[] = [];
    const { backbone, talk } = growing(async () => {
      talks[0]!.dispose();
      if (failure) throw failure;
    });
    talks.push(talk);
    await talk.prefill(text(20), { newTokens: 5 });
    const turn = talk.prefill(text(30), { newTokens: 5 });
    await expect(turn).rejects.toThrow('The chat was disposed of.');
    expect(backbone.states).toBe(1);
    expect(backbone.calls).toHaveLength(1);
  });

  it('has the logits of one that had room from the start', async () => {
    const { model, close } = await openDemo();
    const { backbone } = model.modules;
    const grows = new Conversation(backbone, undefined);
    const large = new Conversation(backbone, undefined, { reserve: 1500 });
    const reused: number[] = [];
    for (const [length, newTokens] of [
      [700, 20],
      [760, 20],
      [800, 900],
      [810, 5],
    ] as const) {
      const turn = await grows.prefill(text(length), { newTokens, logitRows: 4 });
      const expected = await large.prefill(text(length), { newTokens, logitRows: 4 });
      expect(turn.reusedTokens).toBe(expected.reusedTokens);
      reused.push(turn.reusedTokens);
      const worst = turn.logits.data.reduce((most, x, i) => Math.max(most, Math.abs(x - expected.logits.data[i]!)), 0);
      expect(worst).toBeLessThan(1e-4);
    }
    expect(reused).toEqual([0, 700, 760, 800]);
    grows.dispose();
    large.dispose();
    await close();
  });
});
