import type { Component } from '../component.js';
import type { Value } from '../graph-builder.js';
import { hasInt8Weight, int8Linear, int8Rows } from './int8-linear.js';

/** Shape of a linear layer. */
export interface LinearOptions {
  readonly inputs: number;
  readonly outputs: number;
  readonly bias?: boolean | undefined;
}

/**
 * y = x Wᵀ + b, with W [outputs, inputs] as checkpoints store it.
 *
 * ```
 * x [s, inputs] ─► Gemm(transB) ─► [s, outputs]        float weights, mapped from the file
 * x [s, inputs] ─► MatMulNBits ─► (+ b)                block-quantised weights
 * x [s, inputs] ─► MatMulIntegerToFloat ─► (+ b)       8-bit integers beside either, in parts built for many rows
 * ```
 */
export function linear(component: Component, name: string, x: Value, options: LinearOptions): Value {
  const { inputs, outputs } = options;
  const layer = component.enter(name);
  const { graph } = layer;
  if (layer.manyRows && hasInt8Weight(layer)) {
    // The same quantised rows of x in several layers are one: the runtime merges nodes that compute the same.
    const { bias = false } = options;
    return layer.cast(int8Linear(layer, int8Rows(layer, x), { inputs, outputs, bias, asStored: true }));
  }
  const bias = options.bias ? layer.weight('bias', [outputs]) : undefined;
  const quantised = quantisedBits(layer);
  if (quantised) return blockQuantisedLinear(layer, x, { inputs, outputs, bits: quantised, bias });
  return graph.op('Gemm', [x, layer.weight('weight', [outputs, inputs]), bias], { attributes: { transB: 1 } });
}

function quantisedBits(layer: Component): 4 | 8 | undefined {
  if (layer.has('weight.q4')) return 4;
  return layer.has('weight.q8') ? 8 : undefined;
}

interface QuantisedOptions {
  readonly inputs: number;
  readonly outputs: number;
  readonly bits: 4 | 8;
  readonly bias: Value | undefined;
}

/**
 * MatMulNBits over blocks along the inputs; the block size follows from the shape of the scales. Blocks have zeros of their
 * own where the checkpoint holds `weight.zeros`, and the middle of the range otherwise.
 */
function blockQuantisedLinear(layer: Component, x: Value, { inputs, outputs, bits, bias }: QuantisedOptions): Value {
  const scaleInfo = layer.weights.info(layer.key('weight.scales'));
  const blocks = (scaleInfo.dims.at(-1) ?? 0) / (scaleInfo.dims.length === 1 ? outputs : 1);
  const blockSize = inputs / blocks;
  const packed = layer.stored(`weight.q${bits}`, [outputs, blocks, (blockSize * bits) / 8]);
  const scales = layer.weight('weight.scales', scaleInfo.dims);
  const zeroBytes = Math.ceil((blocks * bits) / 8);
  const zeros = layer.has('weight.zeros') ? layer.stored('weight.zeros', [outputs, zeroBytes]) : undefined;
  return layer.graph.op('MatMulNBits', [x, packed, scales, zeros, undefined, bias], {
    domain: 'com.microsoft',
    attributes: {
      K: inputs,
      N: outputs,
      bits,
      block_size: blockSize,
      accuracy_level: layer.profile.int8ActivationBits > 0 ? 4 : 0,
    },
  });
}
