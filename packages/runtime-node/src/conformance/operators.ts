import { type Runtime, type Tensor, tensor } from '@vlmkit/core';
import { GraphBuilder, type NodeInput, type NodeOptions } from '@vlmkit/onnx-graph';
import { type ConformanceCase, checkTensor, floats, wave } from './case.js';

/*
 * onnxruntime's own operators, against plain formulae. The builders use them where the profile allows.
 *
 * Legend:
 * - s: tokens   - n: heads   - d: width of a head   - k, m: inputs and outputs of a product
 */

const contrib = { domain: 'com.microsoft' } as const;

/** Operators that graphs rely on. */
export const operatorCases: readonly ConformanceCase[] = [
  { name: 'SimplifiedLayerNormalization is RMSNorm', run: normalises },
  { name: 'SkipSimplifiedLayerNormalization adds, then normalises', run: addsAndNormalises },
  { name: 'RotaryEmbedding rotates split halves by rows of a table', run: rotates },
  ...[1, 7, 64].map((rows) => ({
    name: `MultiHeadAttention with ${rows} queries, where the profile says that it is right`,
    run: (runtime: Runtime) => attends(runtime, rows),
  })),
  ...([4, 8] as const).flatMap((bits) =>
    [1, 40].map((rows) => ({
      name: `MatMulNBits with ${bits} bits and ${rows} rows`,
      run: (runtime: Runtime) => multipliesBlocks(runtime, { bits, rows, level: 0 }),
    })),
  ),
  ...([4, 8] as const).flatMap((bits) =>
    [1, 5, 40].map((rows) => ({
      name: `MatMulNBits with ${bits} bits, ${rows} rows and 8-bit products, where the profile has them`,
      run: async (runtime: Runtime) => {
        if (runtime.profile.int8ActivationBits > 0) await multipliesBlocks(runtime, { bits, rows, level: 4 });
      },
    })),
  ),
  ...[1, 5, 40].map((rows) => ({
    name: `MatMulIntegerToFloat with ${rows} rows of the largest activations that the profile allows`,
    run: (runtime: Runtime) => multipliesLargest(runtime, rows),
  })),
];

interface Expectation {
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly options: NodeOptions;
  /** Which result to look at. */
  readonly result?: number;
  readonly expected: Tensor;
  readonly tolerance: number;
}

/** Runs one operator. Inputs named with a leading underscore are constants of the graph, as weights are. */
async function checkOperator(runtime: Runtime, opType: string, expectation: Expectation): Promise<void> {
  const graph = new GraphBuilder();
  const { inputs, options, expected, tolerance, result = 0 } = expectation;
  const nodeInputs: NodeInput[] = Object.entries(inputs).map(([name, value]) =>
    name.startsWith('_') ? graph.constant(value, name) : graph.input(name, value.dtype, value.dims),
  );
  const outputs = graph.ops(opType, nodeInputs, { ...options, results: result + 1 });
  graph.output('y', outputs[result]!, expected.dims);
  const session = await runtime.createSession(graph.finish(opType));
  const feeds = Object.fromEntries(Object.entries(inputs).filter(([name]) => !name.startsWith('_')));
  checkTensor((await session.run(feeds)).host('y', 'float32'), expected, tolerance);
  await session.dispose();
}

/** x / sqrt(mean(x²) + ε) · w. */
function rms(x: Tensor, weight: Tensor, epsilon: number): Tensor<'float32'> {
  const size = weight.data.length;
  const values = Float32Array.from(x.data as Float32Array);
  for (let row = 0; row < values.length; row += size) {
    const slice = values.subarray(row, row + size);
    const mean = slice.reduce((sum, value) => sum + value * value, 0) / size;
    slice.forEach((value, i) => {
      slice[i] = (value / Math.sqrt(mean + epsilon)) * Number(weight.data[i]);
    });
  }
  return floats(x.dims, values);
}

async function normalises(runtime: Runtime): Promise<void> {
  const x = wave([5, 48], 2);
  const weight = wave([48], 3);
  await checkOperator(runtime, 'SimplifiedLayerNormalization', {
    inputs: { x, _weight: weight },
    options: { attributes: { axis: -1, epsilon: { float: 1e-6 }, stash_type: 1 } },
    expected: rms(x, weight, 1e-6),
    tolerance: 1e-5,
  });
}

async function addsAndNormalises(runtime: Runtime): Promise<void> {
  const x = wave([2, 3, 48], 2);
  const skip = wave([2, 3, 48], 5);
  const weight = wave([48], 3);
  const sum = floats(
    x.dims,
    x.data.map((value, i) => value + skip.data[i]!),
  );
  const shared = {
    inputs: { x, skip, _weight: weight },
    options: { ...contrib, attributes: { epsilon: { float: 1e-6 } } },
    tolerance: 1e-5,
  };
  const op = 'SkipSimplifiedLayerNormalization';
  await checkOperator(runtime, op, { ...shared, expected: rms(sum, weight, 1e-6) });
}

async function rotates(runtime: Runtime): Promise<void> {
  const [s, n, d] = [9, 2, 16];
  const half = d / 2;
  const x = wave([1, s, n * d], 2);
  const angles = wave([s, half], 7).data.map((value) => value * 3);
  const cos = floats([s, half], angles.map(Math.cos));
  const sin = floats([s, half], angles.map(Math.sin));
  const expected = x.data.map((value, i) => {
    const [token, column] = [Math.floor(i / (n * d)), i % d];
    const angle = token * half + (column % half);
    const partner = column < half ? -x.data[i + half]! : x.data[i - half]!;
    return value * cos.data[angle]! + partner * sin.data[angle]!;
  });
  await checkOperator(runtime, 'RotaryEmbedding', {
    inputs: { x, _position: tensor('int64', [1], BigInt64Array.of(0n)), cos, sin },
    options: { ...contrib, attributes: { num_heads: n } },
    expected: floats(x.dims, expected),
    tolerance: 1e-5,
  });
}

/** softmax(q kᵀ / √d) v, head by head. */
async function attends(runtime: Runtime, rows: number): Promise<void> {
  if (runtime.profile.attention !== 'fused') return;
  const [n, d] = [2, 32];
  const width = n * d;
  const [query, key, value] = [wave([1, rows, width], 2), wave([1, rows, width], 3), wave([1, rows, width], 5)];
  const expected = new Float32Array(rows * width);
  for (let head = 0; head < n; head++) {
    for (let row = 0; row < rows; row++) {
      const weights = Array.from({ length: rows }, (_, other) => {
        let dot = 0;
        for (let i = head * d; i < (head + 1) * d; i++)
          dot += query.data[row * width + i]! * key.data[other * width + i]!;
        return Math.exp(dot / Math.sqrt(d));
      });
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      for (let i = head * d; i < (head + 1) * d; i++) {
        expected[row * width + i] =
          weights.reduce((sum, w, other) => sum + w * value.data[other * width + i]!, 0) / total;
      }
    }
  }
  await checkOperator(runtime, 'MultiHeadAttention', {
    inputs: { query, key, value },
    options: { ...contrib, attributes: { num_heads: n } },
    expected: floats([1, rows, width], expected),
    tolerance: 1e-4,
  });
}

/** The largest activations by the largest weights, of both signs: no sum on the way may overflow. */
async function multipliesLargest(runtime: Runtime, rows: number): Promise<void> {
  const bits = runtime.profile.int8ActivationBits;
  if (bits === 0) return;
  const [k, m] = [64, 24];
  const zero = 2 ** (bits - 1);
  const x = Uint8Array.from({ length: rows * k }, (_, i) => (Math.floor(i / k) % 2 === 0 ? 2 * zero - 1 : 1));
  const weight = Int8Array.from({ length: k * m }, (_, i) => (i % m < m / 2 ? 127 : -127));
  const expected = new Float32Array(rows * m).map((_, at) => {
    const [row, column] = [Math.floor(at / m), at % m];
    let sum = 0;
    for (let i = 0; i < k; i++) sum += (x[row * k + i]! - zero) * weight[i * m + column]!;
    return sum;
  });
  await checkOperator(runtime, 'MatMulIntegerToFloat', {
    inputs: {
      x: tensor('uint8', [rows, k], x),
      _weight: tensor('int8', [k, m], weight),
      _xScale: floats([], [1]),
      _weightScale: floats([m], new Array(m).fill(1)),
      _zero: tensor('uint8', [], Uint8Array.of(zero)),
    },
    options: { ...contrib, dtype: 'float32' },
    expected: floats([rows, m], expected),
    tolerance: 0,
  });
}

interface BlockProduct {
  readonly bits: 4 | 8;
  readonly rows: number;
  /** 0: products in float32; 4: in 8-bit integers. */
  readonly level: 0 | 4;
}

/** x Wᵀ with W[j, i] = (q[j, i] - 2^(bits-1)) · scale[j, block of i]; two 4-bit values a byte, the low half first. */
async function multipliesBlocks(runtime: Runtime, { bits, rows, level }: BlockProduct): Promise<void> {
  const [k, m, blockSize] = [64, 24, 32];
  const blocks = k / blockSize;
  const quantised = Uint8Array.from({ length: m * k }, (_, i) => (i * 37 + (i >> 3) * 11) % 2 ** bits);
  const scales = floats(
    [m * blocks],
    wave([m * blocks], 3).data.map((value) => 0.05 + value * 0.02),
  );
  const perByte = 8 / bits;
  const packed = Uint8Array.from({ length: (m * k) / perByte }, (_, i) =>
    bits === 8 ? quantised[i]! : quantised[2 * i]! | (quantised[2 * i + 1]! << 4),
  );
  const x = wave([rows, k], 2);
  const expected = new Float32Array(rows * m).map((_, at) => {
    const [row, column] = [Math.floor(at / m), at % m];
    let sum = 0;
    for (let i = 0; i < k; i++) {
      const scale = scales.data[column * blocks + Math.floor(i / blockSize)]!;
      sum += x.data[row * k + i]! * (quantised[column * k + i]! - 2 ** (bits - 1)) * scale;
    }
    return sum;
  });
  const largest = expected.reduce((top, value) => Math.max(top, Math.abs(value)), 0);
  await checkOperator(runtime, 'MatMulNBits', {
    inputs: {
      x,
      _packed: tensor('uint8', [m, blocks, (blockSize * bits) / 8], packed),
      _scales: scales,
    },
    options: { ...contrib, attributes: { K: k, N: m, bits, block_size: blockSize, accuracy_level: level } },
    expected: floats([rows, m], expected),
    // Level 4 rounds x to 8 bits: half a step of 1/127 in each of k products, which mostly cancel.
    tolerance: level === 4 ? largest * 0.02 : largest * 1e-4,
  });
}
