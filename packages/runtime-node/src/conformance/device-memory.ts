import { type RowBuffers, type RunOptions, type Runtime, tensor } from '@vlmkit/core';
import { type ConformanceCase, check, checkRejects, checkTensor, floats, unlessWithoutFloat16, wave } from './case.js';
import { cacheGraph, pairedCacheGraph, productGraph, sumGraph, twiceGraph, wideCacheGraph } from './graphs.js';

/** Tensors that stay on the device, and buffers that grow there. */
export const deviceMemoryCases: readonly ConformanceCase[] = [
  {
    name: 'keeps an output on the device, feeds it to another session, and downloads it',
    async run(runtime) {
      const first = await runtime.createSession(productGraph(floats([2, 2], [0, 1, 1, 0])));
      const second = await runtime.createSession(productGraph(floats([2, 2], [2, 0, 0, 3])));
      const kept = (await first.run({ x: floats([1, 2], [5, 7]) }, { keep: ['y'] })).device('y');
      check(kept.dtype === 'float32' && kept.dims.join() === '1,2', 'type or extents are wrong');
      checkTensor((await second.run({ x: kept })).host('y', 'float32'), floats([1, 2], [14, 15]));
      checkTensor(await kept.download(), floats([1, 2], [7, 5]));
      checkTensor((await second.run({ x: kept })).host('y', 'float32'), floats([1, 2], [14, 15]));
      await first.dispose();
      checkTensor(await kept.download(), floats([1, 2], [7, 5]));
      kept.dispose();
      kept.dispose();
      await checkRejects(() => kept.download(), { name: 'RuntimeError', message: /disposed/ });
      await checkRejects(() => second.run({ x: kept }), { name: 'RuntimeError', message: /disposed/ });
      await second.dispose();
    },
  },
  {
    name: 'feeds one device tensor to two inputs, and keeps one of two outputs',
    async run(runtime) {
      const session = await runtime.createSession(sumGraph());
      const a = floats([2], [3, 4]);
      const first = await session.run({ a, b: a }, { keep: ['sum'] });
      checkTensor(first.host('difference', 'float32'), floats([2], [0, 0]));
      await checkRejects(() => first.host('sum', 'float32'), { name: 'RuntimeError', message: /not returned/ });
      await checkRejects(() => first.device('difference'), { name: 'RuntimeError', message: /not kept/ });
      const sum = first.device('sum');
      checkTensor((await session.run({ a: sum, b: sum })).host('sum', 'float32'), floats([2], [12, 16]));
      sum.dispose();
      await session.dispose();
    },
  },
  {
    name: 'feeds kept float16 values again',
    run: (runtime) =>
      unlessWithoutFloat16(runtime, async () => {
        const session = await runtime.createSession(twiceGraph('float16'));
        const x = tensor('float16', [1, 2], Uint16Array.of(0x3c00, 0xc000));
        const kept = (await session.run({ x }, { keep: ['y'] })).device('y');
        const twice = (await session.run({ x: kept })).host('y', 'float16');
        const expected = Uint16Array.from({ length: 8 }, (_, i) => (i % 2 === 0 ? 0x3c00 : 0xc000));
        checkTensor(twice, tensor('float16', [4, 2], expected));
        kept.dispose();
        await session.dispose();
      }),
  },
  {
    name: 'keeps a tensor without elements',
    async run(runtime) {
      const session = await runtime.createSession(productGraph(wave([2, 3])));
      const kept = (await session.run({ x: floats([0, 2], []) }, { keep: ['y'] })).device('y');
      checkTensor(await kept.download(), floats([0, 3], []));
      kept.dispose();
      await session.dispose();
    },
  },
  { name: 'appends rows, feeds those filled, and truncates', run: (runtime) => withCache(runtime, growsAndShrinks) },
  { name: 'refuses rows that do not fit, and stays as it was', run: (runtime) => withCache(runtime, refusesRows) },
  { name: 'appends nothing when another output cannot be returned or kept', run: appendsAllOrNothing },
  { name: 'shares the rows of an output among several buffers', run: sharesRows },
  { name: 'keeps runs, appends and truncations in order', run: (runtime) => withCache(runtime, keepsOrder) },
];

interface Cache {
  readonly rows: RowBuffers;
  /** Appends 2·values and returns all rows, as floats. */
  step(values: readonly number[]): Promise<string>;
}

async function withCache(runtime: Runtime, test: (cache: Cache, runtime: Runtime) => Promise<void>): Promise<void> {
  const session = await runtime.createSession(cacheGraph());
  const rows = runtime.createRows({ dtype: 'float32', rowDims: [2], capacity: 4, filledBy: { new: ['past'] } });
  const step = async (values: readonly number[]) => {
    const result = await session.run({ x: floats([values.length / 2, 2], values) }, { rows });
    return result.host('all', 'float32').data.join();
  };
  await test({ rows, step }, runtime);
  rows.dispose();
  rows.dispose();
  rows.truncate(0);
  await checkRejects(() => step([1, 1]), { name: 'RuntimeError', message: /disposed/ });
  await session.dispose();
}

function checkLength({ length }: RowBuffers, expected: number): void {
  check(length === expected, `expected ${expected} rows, got ${length}`);
}

async function growsAndShrinks({ rows, step }: Cache): Promise<void> {
  check(rows.length === 0 && rows.capacity === 4, `new buffers hold ${rows.length} of ${rows.capacity} rows`);
  check((await step([1, 2])) === '2,4', 'the first row is wrong');
  check((await step([3, 4, 5, 6])) === '2,4,6,8,10,12', 'the next rows are wrong');
  checkLength(rows, 3);
  rows.truncate(1);
  checkLength(rows, 1);
  check((await step([7, 8])) === '2,4,14,16', 'the row after truncation is wrong');
  await checkRejects(() => rows.truncate(3), { name: 'RuntimeError', message: /truncated to 3/ });
  rows.truncate(0);
  check((await step([1, 1])) === '2,2', 'buffers that were emptied are wrong');
}

async function refusesRows({ rows, step }: Cache, runtime: Runtime): Promise<void> {
  await step([1, 2, 3, 4, 5, 6]);
  await checkRejects(() => step([7, 7, 8, 8]), { name: 'RuntimeError', message: /full.*at most 4 rows.*3 rows and 2/ });
  checkLength(rows, 3);
  check((await step([9, 9])) === '2,4,6,8,10,12,18,18', 'the refused rows left a trace');
  await refusesKinds(runtime);
}

async function appendsAllOrNothing(runtime: Runtime): Promise<void> {
  const session = await runtime.createSession(wideCacheGraph());
  const rows = runtime.createRows({ dtype: 'float32', rowDims: [2], capacity: 4, filledBy: { new: ['past'] } });
  const step = (values: readonly number[], options: RunOptions) =>
    session.run({ x: floats([1, 2], values) }, { ...options, rows });
  await step([1, 2], { outputs: [] });
  for (const options of [{ outputs: ['wide'] }, { outputs: [], keep: ['wide'] }]) {
    await checkRejects(() => step([3, 4], options), { name: 'RuntimeError', message: /float64/ });
    checkLength(rows, 1);
  }
  await session.dispose();
  // onnxruntime-node 1.30 on WebGPU confuses the outputs of a session with those of its failed run.
  const other = await runtime.createSession(cacheGraph());
  const result = await other.run({ x: floats([1, 2], [5, 6]) }, { rows });
  checkTensor(result.host('all', 'float32'), floats([2, 2], [1, 2, 10, 12]));
  rows.dispose();
  await other.dispose();
}

async function refusesKinds(runtime: Runtime): Promise<void> {
  const session = await runtime.createSession(cacheGraph());
  const x = floats([1, 2], [1, 1]);
  const past = floats([0, 2], []);
  const wide = runtime.createRows({ dtype: 'float32', rowDims: [3], capacity: 4, filledBy: { new: ['past'] } });
  await checkRejects(() => session.run({ x }, { rows: wide }), { name: 'RuntimeError', message: /"past".*\[0, 3\]/ });
  const unknown = runtime.createRows({ dtype: 'float32', rowDims: [2], capacity: 4, filledBy: { new: ['future'] } });
  await checkRejects(() => session.run({ x, past }, { rows: unknown }), {
    name: 'RuntimeError',
    message: /no input "future"/,
  });
  const growing = runtime.createRows({ dtype: 'float32', rowDims: [2], capacity: 4, filledBy: { old: ['past'] } });
  await checkRejects(() => session.run({ x }, { rows: growing }), { name: 'RuntimeError', message: /no output "old"/ });
  const fits = runtime.createRows({ dtype: 'float32', rowDims: [2], capacity: 4, filledBy: { new: ['past'] } });
  await checkRejects(() => session.run({ x, past }, { rows: fits }), { name: 'RuntimeError', message: /"past".*both/ });
  await checkRejects(() => session.run({ x }), { name: 'RuntimeError', message: /"past".*was not fed/ });
  const twice = { dtype: 'float32', rowDims: [2], capacity: 4, filledBy: { new: ['past'], all: ['past'] } } as const;
  await checkRejects(async () => runtime.createRows(twice), { name: 'RuntimeError', message: /"past".*twice/ });
  for (const rows of [wide, unknown, growing, fits]) rows.dispose();
  await session.dispose();
}

/** Two outputs; one fills two buffers by halves. */
async function sharesRows(runtime: Runtime): Promise<void> {
  const session = await runtime.createSession(pairedCacheGraph());
  const options = { dtype: 'float32', rowDims: [2], capacity: 4 } as const;
  const rows = runtime.createRows({ ...options, filledBy: { pair: ['left', 'right'], single: ['other'] } });
  const run = async (values: readonly number[]) => {
    const result = await session.run({ x: floats([values.length / 2, 2], values) }, { rows });
    return ['left', 'right', 'other'].map((name) => result.host(`all_${name}`, 'float32').data.join()).join(' | ');
  };
  await run([1, 2]);
  await run([3, 4, 5, 6]);
  rows.truncate(2);
  await run([7, 8]);
  check((await run([9, 9])) === '1,2,3,4,7,8 | 2,4,6,8,14,16 | 3,6,9,12,21,24', 'the parts are mixed up');
  checkLength(rows, 4);
  rows.dispose();

  const three = runtime.createRows({ ...options, filledBy: { single: ['left', 'right'], pair: ['other'] } });
  await checkRejects(() => session.run({ x: floats([1, 2], [1, 1]) }, { rows: three }), {
    name: 'RuntimeError',
    message: /"single".*rows of its buffers.*2 times rows, 2.*\[1, 2\]/,
  });
  const uneven = runtime.createRows({ ...options, filledBy: { pair: ['left'], single: ['right'] } });
  await checkRejects(() => session.run({ x: floats([1, 2], [1, 1]), other: floats([0, 2], []) }, { rows: uneven }), {
    name: 'RuntimeError',
    message: /"single".*another number of rows/,
  });
  checkLength(three, 0);
  checkLength(uneven, 0);
  three.dispose();
  uneven.dispose();
  await session.dispose();
}

async function keepsOrder({ rows, step }: Cache): Promise<void> {
  const first = step([1, 1]);
  const second = step([2, 2]);
  check((await first) === '2,2' && (await second) === '2,2,4,4', 'queued runs do not see the rows before them');
  const third = step([3, 3]);
  rows.truncate(1);
  await third;
  checkLength(rows, 1);
  check((await step([5, 5])) === '2,2,10,10', 'the device forgot the truncation');
}
