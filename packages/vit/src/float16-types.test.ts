import { fileURLToPath } from 'node:url';
import { openCheckpoint } from '@vlmkit/checkpoint';
import { openFolder } from '@vlmkit/checkpoint/node';
import type { DeviceProfile } from '@vlmkit/core';
import { expect, it } from 'vitest';
import { buildVitGraph } from './vit-graph.js';

/*
 * Processors have no float16 kernels: onnxruntime computes such graphs in float32 there, so that results alone cannot show
 * where a real device would overflow. The element types of the graph can.
 */

const fixture = fileURLToPath(new URL('../../../fixtures/vit/windowed-f32', import.meta.url));
const profile: DeviceProfile = {
  label: 'a device with float16',
  attention: 'composed',
  float16: true,
  int8ActivationBits: 0,
  float16Weights: true,
  maxBufferBytes: 2 ** 30,
  deviceOutputs: true,
  kvCache: 'handover',
};

/** Fields of a protobuf message: numbers for varints, bytes for the rest. */
function* fields(bytes: Uint8Array): Generator<readonly [field: number, value: number | Uint8Array]> {
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++]!;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    if ((tag & 7) === 0) yield [tag >> 3, varint()];
    else {
      const length = (tag & 7) === 5 ? 4 : varint();
      yield [tag >> 3, bytes.subarray(at, at + length)];
      at += length;
    }
  }
}

const parts = (bytes: Uint8Array, field: number) =>
  [...fields(bytes)].filter(([number]) => number === field).map(([, value]) => value as Uint8Array);
const texts = (bytes: Uint8Array, field: number) => parts(bytes, field).map((part) => Buffer.from(part).toString());

interface Node {
  readonly type: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: readonly Uint8Array[];
}

/** Types of the inputs of every node, loops' bodies included, by name of the node. float16 is 10, float32 is 1. */
function inputTypes(model: Uint8Array): ReadonlyMap<string, readonly (number | undefined)[]> {
  const types = new Map<string, number>();
  const nodes = new Map<string, readonly (number | undefined)[]>();
  const visit = (graph: Uint8Array, loopInputs: readonly (number | undefined)[]): readonly (number | undefined)[] => {
    for (const tensor of parts(graph, 5)) types.set(texts(tensor, 8)[0]!, numberOf(tensor, 2));
    const formal = parts(graph, 11);
    formal.forEach((input, i) => {
      const declared = numberOf(parts(parts(input, 2)[0]!, 1)[0]!, 1);
      types.set(texts(input, 1)[0]!, loopInputs[i] ?? declared);
    });
    for (const bytes of parts(graph, 1)) visitNode(readNode(bytes));
    return parts(graph, 12).map((output) => types.get(texts(output, 1)[0]!));
  };
  const visitNode = (node: Node) => {
    const inputs = node.inputs.map((input) => types.get(input));
    nodes.set(node.name, inputs);
    const attribute = (name: string) => node.attributes.find((bytes) => texts(bytes, 1)[0] === name);
    const body = attribute('body');
    const branches = ['then_branch', 'else_branch'].flatMap((name) => attribute(name) ?? []);
    const branchResults = branches.map((branch) => visit(parts(branch, 6)[0]!, []));
    const to = attribute('to');
    const results = body
      ? visit(parts(body, 6)[0]!, [7, 9, ...inputs.slice(2)]).slice(1)
      : (branchResults[0] ?? node.outputs.map(() => (to ? numberOf(to, 3) : inputs[0])));
    node.outputs.forEach((output, i) => {
      const type = results[i];
      if (type !== undefined) types.set(output, type);
    });
  };
  visit(parts(model, 7)[0]!, []);
  return nodes;
}

function numberOf(bytes: Uint8Array, field: number): number {
  return [...fields(bytes)].find(([number]) => number === field)?.[1] as number;
}

function readNode(bytes: Uint8Array): Node {
  return {
    type: texts(bytes, 4)[0]!,
    name: texts(bytes, 3)[0]!,
    inputs: texts(bytes, 1),
    outputs: texts(bytes, 2),
    attributes: parts(bytes, 5),
  };
}

it('computes in float16 but for norms, residual, gating and down projections', async () => {
  const checkpoint = await openCheckpoint(await openFolder(fixture));
  const { config, weights } = checkpoint;
  const model = await buildVitGraph({ config: config.vision!, weights, profile, dtype: 'float16' });
  await checkpoint.close();
  const nodes = inputTypes(model.encode());
  const typesOf = (pattern: RegExp) => {
    const found = [...nodes].filter(([name]) => pattern.test(name)).map(([, types]) => types);
    expect(found.length).toBeGreaterThan(0);
    return [...new Set(found.flat())];
  };
  const [float32, float16] = [1, 10];
  for (const part of ['attn/qkv/Gemm', 'attn.proj/Gemm', 'mlp/gate_proj/Gemm', 'mlp/up_proj/Gemm']) {
    expect(typesOf(new RegExp(`blocks\\.\\d/${part}`)), part).toEqual([float16]);
  }
  expect(typesOf(/Softmax|tiled_attention\/tile\/MatMul/)).toEqual([float16]);
  for (const part of ['norm[12]/Simplified', 'Add', 'mlp/Mul', 'mlp/Sigmoid', 'mlp/down_proj/Gemm']) {
    expect(typesOf(new RegExp(`blocks\\.\\d/${part}`)), part).toEqual([float32]);
  }
});
