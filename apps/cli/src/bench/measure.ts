import {
  type BackboneState,
  type InputProjector,
  int64,
  type LanguageBackbone,
  type ModalityEncoder,
  PromptError,
  type Tensor,
  tensor,
} from '@vlmkit/core';
import type { ImagePreprocessorConfig } from '@vlmkit/preprocess';
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

/** Runs every point once, after one short run that warms the graphs up. `onPoint` is told what is measured next. */
export async function measure(
  { model, loadMs }: Pick<OpenModel, 'model' | 'loadMs'>,
  points: BenchPoints,
  onPoint: (name: string) => void = () => undefined,
): Promise<BenchReport> {
  const { encoder, inputProjector, backbone } = model.modules;
  const image = model.info.vision?.image;
  const vision: { patches: number; ms: number }[] = [];
  if (encoder && inputProjector && image) {
    const modules = { encoder, inputProjector, image };
    await encodeSquare(1, modules);
    for (const side of points.images) {
      onPoint(`vision, ${side} pixels`);
      const tokens = Math.max(1, Math.round(side / (image.patchSize * image.mergeSize)));
      vision.push(await encodeSquare(tokens, modules));
    }
  }
  const prefill: { tokens: number; tokens_per_second: number }[] = [];
  for (const tokens of points.prefill) {
    onPoint(`prefill, ${tokens} tokens`);
    const ms = await withState(backbone, tokens, (state) => timed(() => feed(state, tokens)));
    prefill.push({ tokens, tokens_per_second: (tokens * 1000) / ms });
  }
  const decode: { depth: number; tokens_per_second: number }[] = [];
  for (const depth of points.depths) {
    onPoint(`decode at ${depth}`);
    const ms = await withState(backbone, depth + points.tokens + 1, (state) => decodeAt(state, depth, points.tokens));
    decode.push({ depth, tokens_per_second: (points.tokens * 1000) / ms });
  }
  // ru_maxrss is in KiB.
  return { load_ms: loadMs, rss_peak_bytes: process.resourceUsage().maxRSS * 1024, vision, prefill, decode };
}

interface VisionModules {
  readonly encoder: ModalityEncoder;
  readonly inputProjector: InputProjector;
  readonly image: ImagePreprocessorConfig;
}

/** Encodes a picture of noise, of `tokens` x `tokens` visual tokens. */
async function encodeSquare(
  tokens: number,
  { encoder, inputProjector, image }: VisionModules,
): Promise<{ patches: number; ms: number }> {
  const side = tokens * image.mergeSize;
  const patches = side * side;
  const pixels = noise(patches, image.mean.length * image.temporalPatchSize * image.patchSize ** 2);
  const ms = await timed(async () => {
    const features = await encoder.encode({ patches: pixels, grid: [1, side, side] });
    const projected = await inputProjector.project(features);
    await projected.download();
    projected.dispose();
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
