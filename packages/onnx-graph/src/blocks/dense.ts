import type { Component } from '../component.js';
import type { Value } from '../graph-builder.js';
import { hasInt8Weight, type Int8Rows, int8Linear, int8Rows } from './int8-linear.js';
import { linear } from './linear.js';

/** Activations that several dense layers read. Quantised once, and only when a layer asks for it. */
export class DenseInput {
  /** [s, inputs]. */
  readonly value: Value;
  readonly #component: Component;
  #rows: Int8Rows | undefined;

  constructor(component: Component, value: Value) {
    this.#component = component;
    this.value = value;
  }

  get int8(): Int8Rows {
    this.#rows ??= int8Rows(this.#component, this.value);
    return this.#rows;
  }
}

/** Shape of a dense layer. */
export interface DenseOptions {
  readonly inputs: number;
  readonly outputs: number;
}

/**
 * y = x Wᵀ + b with W [outputs, inputs], in the form that the checkpoint holds it: floating point, 8-bit integers, or
 * blocks of 4 or 8 bits. [s, outputs], in the component's element type.
 */
export function dense(component: Component, name: string, x: DenseInput, { inputs, outputs }: DenseOptions): Value {
  const layer = component.enter(name);
  const result = hasInt8Weight(layer)
    ? int8Linear(layer, x.int8, { inputs, outputs, bias: true })
    : linear(component, name, x.value, { inputs, outputs, bias: true });
  return component.cast(result);
}
