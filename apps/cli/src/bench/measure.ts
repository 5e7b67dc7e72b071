import { type BackboneState, int64, type LanguageBackbone, PromptError, type Tensor, tensor } from '@vlmkit/core';
import type { OpenModel } from '../model-options.js';

/** Points to measure. */
export interface BenchPoints {
  /** Sides of square pictures, in pixels; rounded to whole visual tokens. */
  readonly images: readonly number[];
  /** Prompt lengths, in tokens. */
  readonly prefill: readonly number[];
  /** Tokens in the cache when decoding starts. */
  readonly depths: readonly number[];
  /** Tokens to decode at each depth. */
  readonly tokens: number;
}

/** What `vlmkit bench --json` prints. */
export interface BenchReport {
  readonly load_ms: number;
  readonly rss_peak_bytes: number;
  readonly vision: readonly { readonly patches: number; readonly ms: number }[];
  readonly prefill: readonly { readonly tokens: number; readonly tokens_per_second: number }[];
  readonly decode: readonly { readonly depth: number; readonly tokens_per_second: number }[];
}

/** Runs every point once, after one short run that warms the graphs up. */
export async function measure({ model, loadMs }: OpenModel, points: BenchPoints): Promise<BenchReport> {
  const { encoder, inputProjector, backbone } = model.modules;
  const vision: { patches: number; ms: number }[] = [];
  if (encoder && inputProjector) {
    await encodeSquare(2, encoder, inputProjector);
    for (const side of points.images)
      vision.push(await encodeSquare(Math.max(1, Math.round(side / 28)) * 2, encoder, inputProjector));
  }
  const prefill: { tokens: number; tokens_per_second: number }[] = [];
  for (const tokens of points.prefill) {
    const ms = await withState(backbone, tokens, (state) => timed(() => feed(state, tokens)));
    prefill.push({ tokens, tokens_per_second: (tokens * 1000) / ms });
  }
  const decode: { depth: number; tokens_per_second: number }[] = [];
  for (const depth of points.depths) {
    const ms = await withState(backbone, depth + points.tokens + 1, (state) => decodeAt(state, depth, points.tokens));
    decode.push({ depth, tokens_per_second: (points.tokens * 1000) / ms });
  }
  // ru_maxrss is in KiB.
  return { load_ms: loadMs, rss_peak_bytes: process.resourceUsage().maxRSS * 1024, vision, prefill, decode };
}

/** Encodes a picture of `side` x `side` patches of noise. */
async function encodeSquare(
  side: number,
  encoder: NonNullable<OpenModel['model']['modules']['encoder']>,
  projector: NonNullable<OpenModel['model']['modules']['inputProjector']>,
): Promise<{ patches: number; ms: number }> {
  const patches = side * side;
  const pixels = noise(patches, 1176);
  const ms = await timed(async () => {
    const features = await encoder.encode({ patches: pixels, grid: [1, side, side] });
    const tokens = await projector.project(features);
    await tokens.download();
    tokens.dispose();
    features.dispose();
  });
  return { patches, ms };
}

async function decodeAt(state: BackboneState, depth: number, tokens: number): Promise<number> {
  if (depth > 0) await feed(state, depth);
  await feed(state, 1);
  return timed(async () => {
    for (let i = 0; i < tokens; i++) await feed(state, 1);
  });
}

async function feed(state: BackboneState, count: number): Promise<void> {
  const start = state.length;
  const row = Array.from({ length: count }, (_, i) => start + i);
  await state.forward({
    tokenIds: row.map((position) => 100 + (position % 100)),
    positions: int64([3, count], [...row, ...row, ...row]),
  });
}

async function withState<T>(
  backbone: LanguageBackbone,
  capacity: number,
  work: (state: BackboneState) => Promise<T>,
): Promise<T> {
  if (capacity > backbone.contextLength) {
    throw new PromptError('The model cannot hold that many tokens.', {
      expected: `at most ${backbone.contextLength}`,
      actual: `${capacity}`,
      remedy: 'Choose smaller --prefill and --depths.',
    });
  }
  const state = backbone.createState(capacity);
  try {
    return await work(state);
  } finally {
    state.dispose();
  }
}

async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Values in −1..1 that any machine makes alike. */
function noise(rows: number, width: number): Tensor<'float32'> {
  const data = new Float32Array(rows * width);
  let seed = 1;
  for (let i = 0; i < data.length; i++) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    data[i] = seed / 2 ** 31 - 1;
  }
  return tensor('float32', [rows, width], data);
}
