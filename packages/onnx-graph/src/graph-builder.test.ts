import { encodeSafetensors, filesFromMemory, openWeights } from '@vlmkit/checkpoint';
import { GraphError, int64, tensor } from '@vlmkit/core';
import { describe, expect, it } from 'vitest';
import { GraphBuilder } from './graph-builder.js';
import { runOnCpu } from './testing/cpu-runner.js';
import { viewAs, viewRows } from './weight-view.js';

const floats = (...values: number[]) => tensor('float32', [values.length], Float32Array.from(values));

async function weightsOf() {
  const file = encodeSafetensors({
    'a.weight': tensor('float32', [3, 2], Float32Array.of(1, 2, 3, 4, 5, 6)),
    'b.weight': tensor('float32', [2], Float32Array.of(10, 20)),
  });
  return openWeights(filesFromMemory(new Map([['model.safetensors', file]])));
}

describe('GraphBuilder', () => {
  it('writes a model that onnxruntime loads and computes', async () => {
    const graph = new GraphBuilder();
    const x = graph.input('x', 'float32', ['n']);
    const doubled = graph.op('Mul', [x, graph.float(2)]);
    graph.output('y', graph.op('Add', [doubled, graph.constant(floats(1, 1, 1))]), ['n']);
    const result = await runOnCpu(graph.finish('test'), { x: floats(1, 2, 3) });
    expect([...result.host('y', 'float32').data]).toEqual([3, 5, 7]);
  });

  it('writes every kind of attribute', async () => {
    const graph = new GraphBuilder();
    const x = graph.input('x', 'float32', [2, 2]);
    const turned = graph.op('Transpose', [x], { attributes: { perm: [1, 0] } });
    const scaled = graph.op('Gemm', [turned, x], { attributes: { alpha: { float: 0.5 }, transB: 1 } });
    const one = graph.op('ConstantOfShape', [graph.ints(2, 2)], { attributes: { value: floats(1) }, dtype: 'float32' });
    const sum = graph.op('Add', [scaled, one]);
    const weighed = graph.op('Einsum', [sum], { attributes: { equation: 'ij->i' } });
    graph.output('y', weighed, [2]);
    const result = await runOnCpu(graph.finish('test'), { x: tensor('float32', [2, 2], Float32Array.of(1, 2, 3, 4)) });
    // xᵀ = [1 3; 2 4]; xᵀ xᵀ / 2 = [3.5 7.5; 5 11]; + 1, summed by row.
    expect([...result.host('y', 'float32').data]).toEqual([13, 18]);
  });

  it('takes weights from files, whole, by rows and in other shapes, once each', async () => {
    const weights = await weightsOf();
    const graph = new GraphBuilder();
    const a = weights.info('a.weight', [3, 2]);
    const whole = graph.weight(a);
    expect(graph.weight(a)).toBe(whole);
    graph.output('whole', whole, [3, 2]);
    graph.output('rows', graph.weight(viewRows(a, 1, 3)), [2, 2]);
    graph.output('flat', graph.weight(viewAs(a, [6])), [6]);
    graph.output('b', graph.weight(weights.info('b.weight')), [2]);
    const model = graph.finish('test');
    expect(model.weights).toHaveLength(4);
    const result = await runOnCpu(model, {});
    expect([...result.host('whole', 'float32').data]).toEqual([1, 2, 3, 4, 5, 6]);
    expect([...result.host('rows', 'float32').data]).toEqual([3, 4, 5, 6]);
    expect(result.host('flat', 'float32').dims).toEqual([6]);
    expect([...result.host('b', 'float32').data]).toEqual([10, 20]);
  });

  it('refuses views beyond the tensor', async () => {
    const a = (await weightsOf()).info('a.weight');
    expect(() => viewRows(a, 2, 4)).toThrow(GraphError);
    expect(() => viewAs(a, [4])).toThrow(GraphError);
  });

  it('keeps computed weights beside the bytes', async () => {
    const graph = new GraphBuilder();
    const table = graph.inlineWeight('table', tensor('float32', [300], new Float32Array(300).fill(7)));
    graph.output('y', graph.op('ReduceSum', [table]), [1]);
    const model = graph.finish('test');
    expect(model.weights).toMatchObject([{ name: 'table', dtype: 'float32', dims: [300] }]);
    expect(model.encode(() => ({ location: 'elsewhere', offset: 8 })).byteLength).toBeLessThan(600);
    expect([...(await runOnCpu(model, {})).host('y', 'float32').data]).toEqual([2100]);
  });

  it('names nodes by scope, and the second of a kind with a number', () => {
    const graph = new GraphBuilder();
    const x = graph.input('x', 'float32', [1]);
    const layer = graph.scope('layers.0').scope('mlp');
    expect(layer.path).toBe('/layers.0/mlp');
    expect(layer.op('Neg', [x]).name).toBe('/layers.0/mlp/Neg:0');
    expect(layer.op('Neg', [x]).name).toBe('/layers.0/mlp/Neg_1:0');
    expect(layer.op('Neg', [x], { name: 'out' }).name).toBe('/layers.0/mlp/out:0');
  });

  it('refuses a name twice', () => {
    const graph = new GraphBuilder();
    const x = graph.input('x', 'float32', [1]);
    expect(() => graph.input('x', 'float32', [1])).toThrow(/already has a value named "x"/);
    graph.output('y', x, [1]);
    expect(() => graph.output('y', x, [1])).toThrow(GraphError);
  });

  it('lets subgraphs use names that stand elsewhere', async () => {
    const graph = new GraphBuilder();
    const x = graph.input('x', 'bool', []);
    const branch = (value: number) => graph.subgraph('branch', (inner) => inner.output('x', inner.float(value), []));
    const attributes = { then_branch: branch(1), else_branch: branch(2) };
    graph.output('y', graph.op('If', [x], { attributes, dtype: 'float32' }), []);
    const result = await runOnCpu(graph.finish('test'), { x: tensor('bool', [], Uint8Array.of(0)) });
    expect([...result.host('y', 'float32').data]).toEqual([2]);
  });

  it('refuses a node without a type to take', () => {
    expect(() => new GraphBuilder().op('Shape', [])).toThrow(/no input to take its type from/);
  });

  it('builds loops that see the graph around them', async () => {
    const graph = new GraphBuilder();
    const step = graph.input('step', 'float32', [1]);
    const times = graph.input('times', 'int64', []);
    const body = graph.subgraph('body', (inner) => {
      inner.input('i', 'int64', []);
      const go = inner.input('go', 'bool', []);
      const sum = inner.input('sum', 'float32', [1]);
      inner.output('goOn', go, []);
      inner.output('next', inner.op('Add', [sum, step]), [1]);
    });
    const zero = graph.constant(floats(0));
    graph.output('y', graph.op('Loop', [times, undefined, zero], { attributes: { body }, dtype: 'float32' }), [1]);
    const result = await runOnCpu(graph.finish('test'), { step: floats(0.5), times: int64([], [5]) });
    expect([...result.host('y', 'float32').data]).toEqual([2.5]);
  });
});
