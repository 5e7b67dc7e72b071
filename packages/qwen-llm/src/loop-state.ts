import type { DataType } from '@vlmkit/core';
import { GraphError } from '@vlmkit/core';
import type { Dim, GraphBuilder, Value } from '@vlmkit/onnx-graph';

interface Carried {
  readonly name: string;
  readonly initial: Value;
  readonly dims: readonly Dim[];
  now?: Value;
  next?: Value;
}

/** Values that a Loop hands from one iteration to the next, by name, in the one order that all its lists must share. */
export class LoopState {
  readonly #carried: Carried[] = [];

  /** Adds a value. `null` stands for an extent that may change from iteration to iteration. */
  add(name: string, initial: Value, dims: readonly (number | null)[]): void {
    // Extents of different values get different names, since onnxruntime shares buffers between equal ones.
    this.#carried.push({ name, initial, dims: dims.map((extent, axis) => extent ?? `${name}.${axis}`) });
  }

  /** What the first iteration starts from. */
  get initial(): readonly Value[] {
    return this.#carried.map(({ initial }) => initial);
  }

  /** Element types of the results. */
  get dtypes(): readonly DataType[] {
    return this.#carried.map(({ initial }) => initial.dtype);
  }

  /** Declares the inputs of the body. */
  open(body: GraphBuilder): void {
    for (const carried of this.#carried) {
      carried.now = body.input(`now.${carried.name}`, carried.initial.dtype, carried.dims);
    }
  }

  /** The value in this iteration. */
  now(name: string): Value {
    return this.#find(name, 'now');
  }

  /** Sets the value of the next iteration. */
  next(name: string, value: Value): void {
    const carried = this.#carried.find((other) => other.name === name);
    if (!carried) throw new GraphError(`The loop carries no value named "${name}".`);
    carried.next = value;
  }

  /** Declares the outputs of the body. */
  close(body: GraphBuilder): void {
    for (const { name, dims } of this.#carried) body.output(`next.${name}`, this.#find(name, 'next'), dims);
  }

  /** The result of the loop that belongs to a name. */
  result(results: readonly Value[], name: string): Value {
    const index = this.#carried.findIndex((carried) => carried.name === name);
    const value = results[index];
    if (!value) throw new GraphError(`The loop has no result named "${name}".`);
    return value;
  }

  #find(name: string, when: 'now' | 'next'): Value {
    const value = this.#carried.find((carried) => carried.name === name)?.[when];
    if (!value) throw new GraphError(`The loop carries no value named "${name}", or it was not set.`);
    return value;
  }
}
