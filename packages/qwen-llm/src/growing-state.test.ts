import { AbortError, type BackboneState, type DeviceProfile, type Runtime, RuntimeError } from '@vlmkit/core';
import { createNodeRuntime } from '@vlmkit/runtime-node';
import { afterAll, beforeAll, describe, expect, it, type MockInstance, vi } from 'vitest';
import { createQwenLlm, createSampler, generateTokens } from './index.js';
import { countingRuntime } from './testing/counting-runtime.js';
import { expectClose } from './testing/expect-close.js';
import { textPositions } from './testing/run-text.js';
import { toyConfig, toyWeights } from './testing/toy-decoder.js';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await createNodeRuntime({ device: 'cpu', threads: 1 });
});
afterAll(() => runtime.dispose());

/** More than is copied at a time. */
const prompt = Array.from({ length: 300 }, (_, i) => (i * 37) % 160);
const more = Array.from({ length: 40 }, (_, i) => (i * 11 + 5) % 160);

const appended: Partial<DeviceProfile> = { kvCache: 'append', deviceOutputs: true };
const handedOn: Partial<DeviceProfile> = { kvCache: 'handover', deviceOutputs: true };
const ofBursts: Partial<DeviceProfile> = { kvCache: 'append', deviceOutputs: false };

/** What a test does while a cache moves. */
interface Hooks {
  onSession?(): void;
  /** Called before each run that copies. */
  onCopy?(copy: number): void;
}

/** A backbone on a device that is as `profile` says. */
async function openToy(profile: Partial<DeviceProfile>, hooks: Hooks = {}) {
  const caches: MockInstance[] = [];
  const noted = { runs: 0, copies: 0 };
  const onRun = () => {
    noted.runs += 1;
  };
  const counted = countingRuntime(runtime, { profile: { ...runtime.profile, ...profile }, onRun });
  const toy: Runtime = {
    ...counted,
    createRows: (options) => {
      const rows = counted.createRows(options);
      caches.push(vi.spyOn(rows, 'dispose'));
      return rows;
    },
    createSession: async (model, options) => {
      if (model.name !== 'cache-mover') return counted.createSession(model, options);
      hooks.onSession?.();
      const session = await counted.createSession(model, options);
      return {
        ...session,
        run: async (feeds, runOptions) => {
          noted.copies += 1;
          hooks.onCopy?.(noted.copies - 1);
          return session.run(feeds, runOptions);
        },
      };
    },
  };
  const llm = await createQwenLlm({ config: toyConfig, weights: toyWeights(3), runtime: toy });
  /** Row buffers that are not disposed of. */
  const live = () => caches.filter(({ mock }) => mock.calls.length === 0).length;
  /** A state that the prompt fills, and the logits behind it. */
  const filled = async () => {
    const state = llm.createState(prompt.length);
    const { logits } = await state.forward(inputOf(prompt));
    return { state, logits };
  };
  return { llm, noted, live, filled };
}

function inputOf(tokenIds: readonly number[], from = 0) {
  const { positions } = textPositions(tokenIds);
  return { tokenIds, positions: { ...positions, data: positions.data.map((position) => position + BigInt(from)) } };
}

async function logitsOf(state: BackboneState, ids: readonly number[]): Promise<Float32Array> {
  return (await state.forward(inputOf(ids, state.length), { logitRows: ids.length })).logits.data;
}

/** Demands that a state that holds the prompt answers as one that was never moved. */
async function expectIntact(state: BackboneState, untouched: BackboneState): Promise<void> {
  expect(state.length).toBe(prompt.length);
  await untouched.forward(inputOf(prompt));
  expectClose(await logitsOf(state, more), await logitsOf(untouched, more));
  untouched.dispose();
}

describe.each([
  { kind: 'appended rows', profile: appended, copies: 4 },
  { kind: 'tensors that are handed on', profile: handedOn, copies: 0 },
  { kind: 'appended rows and bursts', profile: ofBursts, copies: 4 },
])('a state of $kind that grows', ({ profile, copies }) => {
  it('answers as one that was large from the start, and computes nothing again', async () => {
    const { llm, noted, live, filled } = await openToy(profile);
    const { state } = await filled();
    noted.runs = 0;
    await state.grow!(400);
    expect(noted).toEqual({ runs: copies, copies });
    const large = llm.createState(400);
    expect([state.capacity, state.byteLength]).toEqual([400, large.byteLength]);
    await expectIntact(state, large);
    // Of what was moved, a part may be forgotten.
    const other = llm.createState(400);
    await other.forward(inputOf(prompt));
    for (const each of [state, other]) each.truncate(200);
    expectClose(await logitsOf(state, more), await logitsOf(other, more));
    state.dispose();
    other.dispose();
    expect(live()).toBe(0);
    await llm.dispose();
  });

  it('generates the same text', async () => {
    const { llm, filled } = await openToy(profile);
    const { state, logits } = await filled();
    await state.grow!(prompt.length + 50);
    const large = llm.createState(prompt.length + 50);
    await large.forward(inputOf(prompt));
    const texts: number[][] = [];
    for (const each of [state, large]) {
      const ids: number[] = [];
      const options = { logits, promptIds: prompt, ropeDelta: 0, stopIds: [], maxNewTokens: 50, sampling: {} };
      for await (const { id } of generateTokens({ ...options, state: each, sampler: createSampler() })) ids.push(id);
      texts.push(ids);
      each.dispose();
    }
    expect(texts[0]).toHaveLength(50);
    expect(texts[0]).toEqual(texts[1]);
    await llm.dispose();
  });

  it('may do so again, while it is empty, and to less than it has, which does nothing', async () => {
    const { llm, noted } = await openToy(profile);
    const state = llm.createState(20);
    for (const capacity of [290, 30]) await state.grow!(capacity);
    expect(state.capacity).toBe(290);
    await state.forward(inputOf(prompt.slice(0, 290)));
    await state.grow!(prompt.length);
    await state.forward(inputOf(prompt.slice(290), 290));
    const before = noted.copies;
    await state.grow!(prompt.length);
    expect(noted.copies).toBe(before);
    await state.grow!(400);
    await expectIntact(state, llm.createState(400));
    state.dispose();
    await llm.dispose();
  });

  it('takes nothing else meanwhile, and does not begin while it runs', async () => {
    const { llm, filled } = await openToy(profile);
    const { state } = await filled();
    const growing = state.grow!(400);
    const refused = Promise.allSettled([state.forward(inputOf(more, prompt.length)), state.grow!(500)]);
    expect(() => state.truncate(0)).toThrow(/truncated while a run/);
    await growing;
    expect((await refused).map((call) => call.status === 'rejected' && call.reason.message)).toEqual([
      expect.stringMatching(/^A state was fed while a run on it was under way\. Await/),
      expect.stringMatching(/^A state was grown while a run on it was under way\. Await/),
    ]);
    const running = state.forward(inputOf([1], prompt.length));
    await expect(state.grow!(500)).rejects.toThrow(/grown while a run/);
    await running;
    state.truncate(prompt.length);
    await expectIntact(state, llm.createState(400));
    state.dispose();
    await llm.dispose();
  });

  it('may be disposed of meanwhile, and does not grow afterwards', async () => {
    const { llm, live, filled } = await openToy(profile);
    const { state } = await filled();
    const growing = state.grow!(400);
    state.dispose();
    await expect(growing).rejects.toMatchObject({ name: 'RuntimeError' });
    await expect(state.grow!(400)).rejects.toMatchObject({ name: 'RuntimeError' });
    expect(live()).toBe(0);
    await llm.dispose();
  });

  it('does not outgrow the context, nor grow when it is too late', async () => {
    const { llm, filled } = await openToy(profile);
    const { state } = await filled();
    await expect(state.grow!(513)).rejects.toThrow(/at most 512 tokens.*Found 513/);
    await expect(state.grow!(400, { signal: AbortSignal.abort() })).rejects.toBeInstanceOf(AbortError);
    expect(state.capacity).toBe(prompt.length);
    state.dispose();
    await llm.dispose();
  });
});

describe('a state whose rows are being copied', () => {
  it.each([0, 1, 2, 3])('keeps those that it has when copy %i fails, and may grow later', async (failing) => {
    const onCopy = (copy: number) => {
      if (copy === failing) throw new RuntimeError('There is no memory.');
    };
    const { llm, live, filled } = await openToy(appended, { onCopy });
    const { state } = await filled();
    await expect(state.grow!(400)).rejects.toThrow('There is no memory.');
    expect([state.capacity, live()]).toEqual([prompt.length, 1]);
    await state.grow!(400);
    expect(live()).toBe(1);
    await expectIntact(state, llm.createState(400));
    state.dispose();
    await llm.dispose();
  });

  it('may grow later when the graph that copies could not be loaded', async () => {
    let tried = 0;
    const onSession = () => {
      tried += 1;
      if (tried === 1) throw new RuntimeError('There is no memory.');
    };
    const { llm, live, filled } = await openToy(ofBursts, { onSession });
    const { state } = await filled();
    await expect(state.grow!(400)).rejects.toThrow('There is no memory.');
    expect([state.capacity, live()]).toEqual([prompt.length, 1]);
    await state.grow!(400);
    await expectIntact(state, llm.createState(400));
    expect(tried).toBe(2);
    state.dispose();
    await llm.dispose();
  });

  it.each([0, 1, 2, 3])('is as it was when that is aborted at copy %i', async (last) => {
    const controller = new AbortController();
    const onCopy = (copy: number) => {
      if (copy === last) controller.abort();
    };
    const { llm, live, filled } = await openToy(appended, { onCopy });
    const { state } = await filled();
    await expect(state.grow!(400, { signal: controller.signal })).rejects.toBeInstanceOf(AbortError);
    expect([state.capacity, live()]).toEqual([prompt.length, 1]);
    await state.grow!(400);
    await expectIntact(state, llm.createState(400));
    state.dispose();
    await llm.dispose();
  });

  it.each([0, 1, 2, 3])('leaves nothing behind when it is disposed of at copy %i', async (last) => {
    const states: BackboneState[] = [];
    const onCopy = (copy: number) => {
      if (copy === last) states[0]?.dispose();
    };
    const { llm, live, filled } = await openToy(appended, { onCopy });
    const { state } = await filled();
    states.push(state);
    await expect(state.grow!(400)).rejects.toThrow(/disposed of/);
    expect(live()).toBe(0);
    await llm.dispose();
  });

  it('stays as it was when its backbone is gone', async () => {
    const { llm, live, filled } = await openToy(appended);
    const { state } = await filled();
    await llm.dispose();
    await expect(state.grow!(400)).rejects.toThrow('The decoder was disposed of.');
    expect(live()).toBe(1);
    state.dispose();
    expect(live()).toBe(0);
  });
});
