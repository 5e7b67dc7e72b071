import { type DataType, int64, type Runtime, type Session, type Tensor, tensor } from '@vlmkit/core';
import { GraphBuilder } from '@vlmkit/onnx-graph';
import {
  bytesOf,
  type ConformanceCase,
  check,
  checkRejects,
  checkTensor,
  floats,
  memoryFile,
  unlessWithoutFloat16,
  wave,
} from './case.js';
import { productGraph, sumGraph, twiceGraph } from './graphs.js';

/** One small tensor [2, 2] of every type that a runtime moves. float16 1, 2, -1, 0.5 as bit patterns. */
const samples: readonly Tensor[] = [
  floats([2, 2], [1.5, -2, 0, 3e38]),
  tensor('float16', [2, 2], Uint16Array.of(0x3c00, 0x4000, 0xbc00, 0x3800)),
  int64([2, 2], [1, -2, 3, 2 ** 40]),
  tensor('int32', [2, 2], Int32Array.of(1, -2, 3, 2 ** 30)),
  tensor('uint8', [2, 2], Uint8Array.of(0, 1, 128, 255)),
  tensor('bool', [2, 2], Uint8Array.of(0, 1, 1, 0)),
];

/** Its slice is a view, as that of a Node Buffer. */
class Viewing extends Uint8Array {
  override slice(start?: number, end?: number): Uint8Array<ArrayBuffer> {
    return this.subarray(start, end) as Uint8Array<ArrayBuffer>;
  }
}

/** Loading, and values going in and out. */
export const sessionCases: readonly ConformanceCase[] = [
  {
    name: 'runs a graph, names its inputs and outputs in order, and leaves the fed arrays alone',
    async run(runtime) {
      const session = await runtime.createSession(sumGraph());
      const a = floats([3], [1, 2, 3]);
      const result = await session.run({ a, b: floats([3], [10, 20, 30]) });
      check(session.inputs.join() === 'a,b' && session.outputs.join() === 'sum,difference', 'names are wrong');
      checkTensor(result.host('sum', 'float32'), floats([3], [11, 22, 33]));
      checkTensor(result.host('difference', 'float32'), floats([3], [-9, -18, -27]));
      checkTensor(a, floats([3], [1, 2, 3]));
      await session.dispose();
    },
  },
  {
    name: 'feeds a view of a larger array',
    async run(runtime) {
      const session = await runtime.createSession(sumGraph());
      const all = Float32Array.of(9, 1, 2, 3, 9);
      const a = tensor('float32', [3], all.subarray(1, 4));
      checkTensor((await session.run({ a, b: a })).host('sum', 'float32'), floats([3], [2, 4, 6]));
      check(all.length === 5, 'the array was taken away');
      await session.dispose();
    },
  },
  {
    name: 'copies the bytes of arrays that are more than typed arrays, such as a file that was read',
    async run(runtime) {
      const session = await runtime.createSession(twiceGraph('uint8'));
      const bytes = Viewing.of(1, 2, 3, 4);
      const twice = tensor('uint8', [4, 2], Uint8Array.of(1, 2, 3, 4, 1, 2, 3, 4));
      checkTensor((await session.run({ x: tensor('uint8', [2, 2], bytes) })).host('y', 'uint8'), twice);
      check(bytes.join() === '1,2,3,4', 'the array was taken away');
      await session.dispose();
    },
  },
  {
    name: 'computes only the outputs asked for',
    async run(runtime) {
      const session = await runtime.createSession(sumGraph());
      const a = floats([1], [1]);
      const result = await session.run({ a, b: a }, { outputs: ['difference'] });
      checkTensor(result.host('difference', 'float32'), floats([1], [0]));
      await checkRejects(() => result.host('sum', 'float32'), { name: 'RuntimeError', message: /"sum".*not returned/ });
      await checkRejects(() => result.host('difference', 'int64'), { name: 'RuntimeError', message: /another type/ });
      await session.dispose();
    },
  },
  ...samples.map((sample) => ({
    name: `moves ${sample.dtype} in and out`,
    run: (runtime: Runtime) => unlessWithoutFloat16(runtime, () => doubles(runtime, sample)),
  })),
  {
    name: 'moves tensors without elements',
    async run(runtime) {
      for (const dtype of ['float32', 'int64'] as const) await doubles(runtime, empty(dtype));
      const session = await runtime.createSession(productGraph(wave([4, 3])));
      checkTensor((await session.run({ x: floats([0, 4], []) })).host('y', 'float32'), floats([0, 3], []));
      await session.dispose();
    },
  },
  {
    name: 'moves scalars',
    async run(runtime) {
      const graph = new GraphBuilder();
      const x = graph.input('x', 'float32', []);
      graph.output('y', graph.op('Mul', [x, graph.float(2)]), []);
      const session = await runtime.createSession(graph.finish('scalar'));
      checkTensor((await session.run({ x: floats([], [3]) })).host('y', 'float32'), floats([], [6]));
      await session.dispose();
    },
  },
  {
    name: 'reads weights from files that lie nowhere locally, from memory, and from both, and reports progress',
    run: readsWeights,
  },
  { name: 'tells files of one name apart, as two checkpoints in memory have them', run: tellsFilesApart },
];

async function doubles(runtime: Runtime, x: Tensor): Promise<void> {
  const session = await runtime.createSession(twiceGraph(x.dtype));
  const values = [...x.data, ...x.data];
  const data = x.data.slice();
  const doubled = new (data.constructor as { new (length: number): typeof data })(values.length);
  values.forEach((value, i) => {
    doubled[i] = value;
  });
  const expected = tensor(x.dtype, [(x.dims[0] ?? 0) * 2, 2], doubled);
  checkTensor((await session.run({ x })).host('y', x.dtype), expected);
  await session.dispose();
}

function empty(dtype: 'float32' | 'int64'): Tensor {
  return dtype === 'float32' ? floats([0, 2], []) : int64([0, 2], []);
}

/** Weights of 20 MiB, more than a runtime would want to hold in the graph's bytes. */
async function readsWeights(runtime: Runtime): Promise<void> {
  const size = 1280;
  const layers = 3;
  const weights = wave([layers, size, size]);
  const padding = 12;
  const bytes = new Uint8Array(padding + weights.data.byteLength);
  bytes.set(bytesOf(weights), padding);
  const file = memoryFile('far.safetensors', bytes);
  const graph = new GraphBuilder();
  const x = graph.input('x', 'float32', ['n', size]);
  const bias = graph.inlineWeight('bias', wave([size], 3));
  let sum = bias;
  for (let layer = 0; layer < layers; layer++) {
    const byteLength = size * size * 4;
    const offset = padding + layer * byteLength;
    const info = { name: `w${layer}`, dtype: 'float32' as DataType, dims: [size, size], file, offset, byteLength };
    sum = graph.op('Add', [sum, graph.op('MatMul', [x, graph.weight(info)])]);
  }
  graph.output('y', sum, ['n', size]);

  const fractions: number[] = [];
  const session: Session = await runtime.createSession(graph.finish('streamed'), {
    onProgress: (fraction) => fractions.push(fraction),
  });
  check(fractions.length > 2 && fractions.at(-1) === 1, `progress ended at ${fractions.at(-1)}`);
  check(
    fractions.every((fraction, i) => fraction >= (fractions[i - 1] ?? 0)),
    'progress went back',
  );
  const row = wave([1, size], 2);
  const expected = Array.from(wave([size], 3).data, (value, column) => {
    let total = value;
    for (let layer = 0; layer < layers; layer++) {
      for (let i = 0; i < size; i++) total += row.data[i]! * weights.data[(layer * size + i) * size + column]!;
    }
    return total;
  });
  checkTensor((await session.run({ x: row })).host('y', 'float32'), floats([1, size], expected), 2e-3);
  await session.dispose();
}

/** y = x + 1 + 100, with each number in a file of its own checkpoint. */
async function tellsFilesApart(runtime: Runtime): Promise<void> {
  const graph = new GraphBuilder();
  let y = graph.input('x', 'float32', ['n', 2]);
  for (const number of [1, 100]) {
    const file = memoryFile('model.safetensors', bytesOf(floats([2], [number, number])));
    const info = { name: `w${number}`, dtype: 'float32' as DataType, dims: [2], file, offset: 0, byteLength: 8 };
    y = graph.op('Add', [y, graph.weight(info)]);
  }
  graph.output('y', y, ['n', 2]);
  const session = await runtime.createSession(graph.finish('two'));
  checkTensor((await session.run({ x: floats([1, 2], [0, 5]) })).host('y', 'float32'), floats([1, 2], [101, 106]));
  await session.dispose();
}
