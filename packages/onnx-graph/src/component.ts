import type { DataType, DeviceProfile, WeightSource } from '@vlmkit/core';
import type { GraphBuilder, Value } from './graph-builder.js';
import { elementType } from './onnx-proto.js';

/**
 * Where a block builds: the graph, the checkpoint, what the device can do, and the part of the model it is in.
 * `enter` goes one checkpoint key deeper, so node names and weight names grow together.
 */
export class Component {
  readonly graph: GraphBuilder;
  readonly weights: WeightSource;
  readonly profile: DeviceProfile;
  /** Element type of activations. */
  readonly dtype: DataType;
  /** Whether this part only ever computes many rows: see `branchOnRows`. */
  readonly manyRows: boolean;
  readonly #key: string;

  constructor(options: ComponentOptions, key = '') {
    this.graph = options.graph;
    this.weights = options.weights;
    this.profile = options.profile;
    this.dtype = options.dtype ?? 'float32';
    this.manyRows = options.manyRows ?? false;
    this.#key = key;
  }

  /** The component below `name`, e.g. `layers.0`. */
  enter(name: string): Component {
    return new Component({ ...this.#options(), graph: this.graph.scope(name) }, this.key(name));
  }

  /** The same part of the model, built in another graph: the body of a loop. */
  on(graph: GraphBuilder): Component {
    return new Component({ ...this.#options(), graph }, this.#key);
  }

  /** The same part of the model with activations of another element type. */
  as(dtype: DataType): Component {
    return new Component({ ...this.#options(), dtype }, this.#key);
  }

  /** The same part of the model, built for many rows at a time. */
  forManyRows(): Component {
    return new Component({ ...this.#options(), manyRows: true }, this.#key);
  }

  /** The checkpoint key of `name` here. */
  key(name: string): string {
    return this.#key ? `${this.#key}.${name}` : name;
  }

  /** Whether the checkpoint has `name` here. */
  has(name: string): boolean {
    return this.weights.has(this.key(name));
  }

  /**
   * The weight `name` of shape `dims`, in the component's element type.
   *
   * @throws WeightError when it is missing or of another shape.
   */
  weight(name: string, dims: readonly number[]): Value {
    return this.castWeight(this.stored(name, dims));
  }

  /** The weight as it is stored, without a cast. */
  stored(name: string, dims: readonly number[]): Value {
    return this.graph.weight(this.weights.info(this.key(name), dims));
  }

  /**
   * A weight in the component's element type. The cast stands in the outermost graph: onnxruntime computes it while loading
   * either way, but frees the result after packing it only where it is not a subgraph's own.
   */
  castWeight(value: Value): Value {
    return castTo(this.graph.outermost, value, this.dtype);
  }

  /** `value` in the component's element type. */
  cast(value: Value): Value {
    return castTo(this.graph, value, this.dtype);
  }

  #options(): ComponentOptions {
    const { graph, weights, profile, dtype, manyRows } = this;
    return { graph, weights, profile, dtype, manyRows };
  }
}

/** What a component is made of. */
export interface ComponentOptions {
  readonly graph: GraphBuilder;
  readonly weights: WeightSource;
  readonly profile: DeviceProfile;
  readonly dtype?: DataType | undefined;
  readonly manyRows?: boolean | undefined;
}

/** `value` as `dtype`; itself when it already is. */
export function castTo(graph: GraphBuilder, value: Value, dtype: DataType): Value {
  if (value.dtype === dtype) return value;
  return graph.op('Cast', [value], { attributes: { to: elementType(dtype) }, dtype });
}
