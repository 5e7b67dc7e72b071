import { readFileSync } from 'node:fs';
import { createTokenizer, type Tokenizer } from '@vlmkit/tokenizer';
import type { Constraint } from '../constraint.js';
import type { ConstraintCompiler, ConstraintState } from '../constraint-state.js';

/** Length of a row of logits in these tests: the tokenizer's 1024 tokens and some padding. */
export const paddedSize = 1056;

/** `<|im_end|>` and `<|endoftext|>`. */
export const stopIds: readonly number[] = [1012, 1010];

/** A byte-level tokenizer of 1024 tokens, 14 of them special. */
export function smallTokenizer(): Tokenizer {
  const path = new URL('../../../demo-model/checkpoint/tokenizer.json', import.meta.url);
  return createTokenizer({ tokenizerJson: JSON.parse(readFileSync(path, 'utf8')) });
}

/** Ids whose bits are set. */
export function allowedIds(mask: Int32Array): number[] {
  const ids: number[] = [];
  for (let id = 0; id < mask.length * 32; id++) if (((mask[id >> 5]! >>> (id & 31)) & 1) === 1) ids.push(id);
  return ids;
}

/** A generator of numbers in [0, 1) (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A model without any sense: chooses allowed tokens at random, with a liking for those that close strings and lists. */
export async function randomWalk(
  state: ConstraintState,
  options: { readonly tokenizer: Tokenizer; readonly seed: number; readonly maxSteps?: number },
): Promise<{ readonly finished: boolean; readonly text: string; readonly ids: readonly number[] }> {
  const { tokenizer, maxSteps = 400 } = options;
  const random = seededRandom(options.seed);
  const pick = (ids: readonly number[]) => ids[Math.floor(random() * ids.length)]!;
  const closing = new Set([...stopIds, ...['"', ']', '}', '`'].map((text) => tokenizer.tokenId(text)!)]);
  const ids: number[] = [];
  while (!state.finished && ids.length < maxSteps) {
    const allowed = allowedIds(await state.mask());
    const closers = allowed.filter((id) => closing.has(id));
    const id = pick(closers.length > 0 && random() < 0.4 ? closers : allowed);
    if (!(await state.accept(id))) throw new Error(`Token ${id} was in the mask, and refused.`);
    ids.push(id);
  }
  const text = tokenizer.decode(ids.filter((id) => !stopIds.includes(id)));
  return { finished: state.finished, text, ids };
}

/** Texts of the walks that end, of `count` with a seed each. */
export async function finishedTexts(
  compiler: ConstraintCompiler,
  options: { readonly tokenizer: Tokenizer; readonly constraint: Constraint; readonly count: number },
): Promise<string[]> {
  const texts: string[] = [];
  for (let seed = 0; seed < options.count; seed++) {
    const state = await compiler.compile(options.constraint);
    const { finished, text } = await randomWalk(state, { tokenizer: options.tokenizer, seed });
    if (finished) texts.push(text);
    state.dispose();
  }
  return texts;
}
