import { type LanguageBackbone, type Runtime, type Tensor, tensor, type WeightSource } from '@vlmkit/core';
import { createNodeRuntime } from '@vlmkit/runtime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createQwenLlm } from './index.js';
import { countingRuntime } from './testing/counting-runtime.js';
import { expectClose } from './testing/expect-close.js';
import { textPositions } from './testing/run-text.js';
import { memoryWeights, toyConfig, toyWeights } from './testing/toy-decoder.js';

let runtime: Runtime;
let exact: Runtime;

beforeAll(async () => {
  runtime = await createNodeRuntime({ device: 'cpu', threads: 1 });
  // Without 8-bit products, blocks are multiplied in float32: then the two forms must agree.
  exact = countingRuntime(runtime, { profile: { ...runtime.profile, int8ActivationBits: 0 }, onRun: () => {} });
});
afterAll(() => runtime.dispose());

const blockSize = 32;
const prompt = Array.from({ length: 40 }, (_, i) => (i * 37) % toyConfig.vocabSize);

/** The toy with random blocks in place of every matrix, and with the matrices that those stand for. */
async function bothForms(ownZeros: boolean): Promise<readonly WeightSource[]> {
  const toy = toyWeights();
  const blocks = new Map<string, Tensor>();
  const floats = new Map<string, Tensor>();
  let state = 1;
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  for (const name of toy.names) {
    const stored = await toy.read(name);
    const [rows = 0, columns = 0] = stored.dims;
    if (stored.dims.length !== 2) {
      blocks.set(name, stored);
      floats.set(name, stored);
      continue;
    }
    const perRow = columns / blockSize;
    const zeroBytes = Math.ceil(perRow / 2);
    const packed = new Uint8Array((rows * columns) / 2);
    const zeros = new Uint8Array(rows * zeroBytes);
    const scales = new Float32Array(rows * perRow);
    const values = new Float32Array(rows * columns);
    for (let block = 0; block < scales.length; block++) {
      const [row, column] = [Math.floor(block / perRow), block % perRow];
      const zero = ownZeros ? random(16) : 8;
      const scale = (1 + random(8)) / (64 * Math.sqrt(columns));
      scales[block] = scale;
      zeros[row * zeroBytes + (column >> 1)]! |= zero << (4 * (column % 2));
      for (let i = 0; i < blockSize; i++) {
        const [at, integer] = [block * blockSize + i, random(16)];
        packed[at >> 1]! |= integer << (4 * (at % 2));
        values[at] = (integer - zero) * scales[block]!;
      }
    }
    floats.set(name, tensor('float32', [rows, columns], values));
    blocks.set(`${name}.q4`, tensor('uint8', [rows, perRow, blockSize / 2], packed));
    blocks.set(`${name}.scales`, tensor('float32', [rows, perRow], scales));
    if (ownZeros) blocks.set(`${name}.zeros`, tensor('uint8', [rows, zeroBytes], zeros));
  }
  return [memoryWeights(blocks), memoryWeights(floats)];
}

async function logitsOf(backbone: LanguageBackbone): Promise<Float32Array> {
  const state = backbone.createState(prompt.length);
  const { positions } = textPositions(prompt);
  const { logits } = await state.forward({ tokenIds: prompt, positions }, { logitRows: 5 });
  state.dispose();
  return logits.data;
}

describe('weights in blocks of 4 bits', () => {
  // 96 columns are three blocks: the last byte of a row's zeros holds one.
  it.each([false, true])('equal the float weights that they stand for (zeros of their own: %s)', async (ownZeros) => {
    const [blocks, floats] = await Promise.all(
      (await bothForms(ownZeros)).map(async (weights) =>
        logitsOf(await createQwenLlm({ config: toyConfig, weights, runtime: exact })),
      ),
    );
    expect(Math.max(...floats!)).toBeGreaterThan(0.1);
    expectClose(blocks!, floats!);
  });
});
