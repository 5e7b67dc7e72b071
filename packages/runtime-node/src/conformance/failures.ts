import { type GraphModel, type Runtime, type Session, tensor } from '@vlmkit/core';
import { GraphBuilder } from '@vlmkit/onnx-graph';
import { type ConformanceCase, check, checkRejects, checkTensor, floats, memoryFile, wave } from './case.js';
import { productGraph, sumGraph } from './graphs.js';

/** What goes wrong is said clearly, and nothing else breaks; calls wait for their turn. */
export const failureCases: readonly ConformanceCase[] = [
  {
    name: 'names what is wrong with feeds and outputs, and goes on working',
    async run(runtime) {
      const session = await runtime.createSession(productGraph(wave([2, 3])));
      const x = floats([1, 2], [1, 2]);
      const rejects = (action: () => unknown, message: RegExp) =>
        checkRejects(action, { name: 'RuntimeError', message });
      await rejects(() => session.run({}), /"x".*"product".*not fed.*float32 \[n, 2\]/);
      await rejects(() => session.run({ x, z: x }), /"product" has no input "z"/);
      await rejects(() => session.run({ x: tensor('int32', [1, 2], new Int32Array(2)) }), /"x".*float32.*int32/);
      await rejects(() => session.run({ x: floats([2], [1, 2]) }), /"x".*\[n, 2\].*\[2\]/);
      await rejects(() => session.run({ x: floats([1, 3], [1, 2, 3]) }), /"x".*\[n, 2\].*\[1, 3\]/);
      await rejects(() => session.run({ x }, { outputs: ['q'] }), /no output "q".*one of y/);
      await rejects(() => session.run({ x }, { keep: ['q'] }), /no output "q"/);
      check((await session.run({ x })).host('y', 'float32').data.length === 3, 'the session is broken');
      await session.dispose();
      await session.dispose();
      await rejects(() => session.run({ x }), /"product".*disposed/);
    },
  },
  {
    name: 'names the component when the device fails in a run',
    async run(runtime) {
      const session = await runtime.createSession(sumGraph());
      const wrong = { a: floats([2], [1, 2]), b: floats([3], [1, 2, 3]) };
      await checkRejects(() => session.run(wrong), { name: 'RuntimeError', message: /"sum" failed to run/ });
      const a = floats([1], [1]);
      checkTensor((await session.run({ a, b: a })).host('sum', 'float32'), floats([1], [2]));
      await session.dispose();
    },
  },
  {
    name: 'refuses graphs that are broken, that use unknown operators, or whose weights are missing',
    async run(runtime) {
      const rejects = (model: GraphModel, message: RegExp) =>
        checkRejects(() => runtime.createSession(model), { name: 'RuntimeError', message });
      const good = productGraph(wave([2, 3]));
      await rejects({ ...good, encode: (place) => good.encode(place).slice(0, -5) }, /"product"/);
      await rejects(fileOf({ promised: 16, there: 16 }), /"w".*"short".*at most 16 bytes.*bytes 0 to 24 of "far\.bin"/);
      const graph = new GraphBuilder();
      graph.output('y', graph.op('NoSuchOperator', [graph.input('x', 'float32', [1])]), [1]);
      await rejects(graph.finish('odd'), /"odd".*NoSuchOperator/);
      await rejects(fileOf({ promised: 24, there: 10 }), /"short".*far\.bin.*24 bytes.*10 bytes/);
    },
  },
  {
    name: 'runs queued calls in order',
    async run(runtime) {
      const session = await runtime.createSession(sumGraph());
      const finished: number[] = [];
      const runs = Array.from({ length: 12 }, async (_, i) => {
        const result = await session.run({ a: floats([1], [i]), b: floats([1], [100]) });
        finished.push(i);
        return result.host('sum', 'float32').data[0];
      });
      const sums = await Promise.all(runs);
      check(sums.join() === Array.from(sums, (_, i) => 100 + i).join(), `sums are ${sums.join()}`);
      check(finished.join() === Array.from(finished, (_, i) => i).join(), `order is ${finished.join()}`);
      await session.dispose();
    },
  },
  {
    name: 'disposes of a session after the runs that wait, and only then says so, however often it is asked',
    async run(runtime) {
      const session = await runtime.createSession(sumGraph());
      const ended: string[] = [];
      const a = floats([1], [1]);
      await Promise.all([
        session.run({ a, b: a }).then(() => ended.push('run')),
        session.dispose().then(() => ended.push('first')),
        session.dispose().then(() => ended.push('second')),
      ]);
      check(ended.join() === 'run,first,second', `the order is ${ended.join()}`);
    },
  },
  {
    name: 'drops aborted runs, whether or not they wait already',
    async run(runtime) {
      const session = await runtime.createSession(sumGraph());
      const feeds = { a: floats([1], [1]), b: floats([1], [2]) };
      const aborted = { aborted: true };
      await checkRejects(() => session.run(feeds, { signal: aborted }), { name: 'AbortError', message: /aborted/ });
      const signal = { aborted: false };
      const first = session.run(feeds);
      const second = session.run(feeds, { signal });
      const third = session.run(feeds);
      signal.aborted = true;
      await checkRejects(() => second, { name: 'AbortError', message: /aborted/ });
      for (const run of [first, third]) checkTensor((await run).host('sum', 'float32'), floats([1], [3]));
      await session.dispose();
    },
  },
  { name: 'tells tensors of another runtime apart', run: refusesForeignTensors },
];

/** A graph with a weight of 24 bytes in a file that promises some bytes and gives others. */
function fileOf({ promised, there }: { readonly promised: number; readonly there: number }): GraphModel {
  const graph = new GraphBuilder();
  const file = { ...memoryFile('far.bin', new Uint8Array(there)), byteLength: promised };
  const info = { name: 'w', dtype: 'float32' as const, dims: [2, 3], file, offset: 0, byteLength: 24 };
  graph.output('y', graph.op('MatMul', [graph.input('x', 'float32', ['n', 2]), graph.weight(info)]), ['n', 3]);
  return graph.finish('short');
}

async function refusesForeignTensors(runtime: Runtime): Promise<void> {
  const session: Session = await runtime.createSession(sumGraph());
  const foreign = {
    location: 'device' as const,
    dtype: 'float32' as const,
    dims: [1],
    download: async () => floats([1], [1]),
    dispose: () => undefined,
  };
  await checkRejects(() => session.run({ a: foreign, b: floats([1], [1]) }), {
    name: 'RuntimeError',
    message: /another runtime/,
  });
  await session.dispose();
}
