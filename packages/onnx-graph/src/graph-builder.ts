import {
  type DataType,
  GraphError,
  type GraphModel,
  type GraphWeight,
  type Tensor,
  tensor,
  type WeightInfo,
  type WeightPlace,
} from '@vlmkit/core';
import {
  type Attribute,
  type Dim,
  modelProto,
  nodeProto,
  tensorProto,
  valueInfoProto,
  weightProto,
} from './onnx-proto.js';
import { ProtoWriter } from './protobuf.js';

/** A tensor inside a graph: the result of a node, an input or an initializer. */
export interface Value {
  readonly name: string;
  readonly dtype: DataType;
}

/** What a node has besides its type and inputs. */
export interface NodeOptions {
  readonly attributes?: Readonly<Record<string, Attribute>> | undefined;
  /** '' for ONNX's own operators (default), 'com.microsoft' for onnxruntime's. */
  readonly domain?: '' | 'com.microsoft' | undefined;
  /** Last part of the node's name; its operator type by default. */
  readonly name?: string | undefined;
  /** Element type of the result; that of the first input by default. */
  readonly dtype?: DataType | undefined;
  /**
   * Extents of each result, for nodes whose inputs do not tell them, such as Reshape. onnxruntime lets values of equal extents
   * share memory, and looks for a match among all that are free: those without known extents match none, and loading
   * a graph of many takes time in the square of their number. A name must stand for one extent everywhere in a run.
   */
  readonly dims?: readonly (readonly Dim[])[] | undefined;
}

/** How a weight is used. */
export interface WeightOptions {
  /** As it lies in the file, without a copy in memory (default false). */
  readonly asStored?: boolean | undefined;
}

/** A node's input; `undefined` leaves an optional one out. */
export type NodeInput = Value | undefined;

interface SharedState {
  readonly weights: GraphWeight[];
  readonly initializers: Map<string, Value>;
  readonly names: Map<string, number>;
  readonly root: ProtoWriter;
}

/**
 * Collects nodes, weights, inputs and outputs, and writes them as an ONNX model.
 *
 * Nodes are named like checkpoint keys: inside `graph.scope('model.layers.0')`, `op('MatMul', …)` makes
 * `/model.layers.0/MatMul`. Weights stay where they lie: they are written as external data of their files.
 */
export class GraphBuilder {
  readonly #shared: SharedState;
  readonly #body: ProtoWriter;
  readonly #path: string;

  constructor(shared?: SharedState, body?: ProtoWriter, path = '') {
    const root = body ?? new ProtoWriter();
    this.#shared = shared ?? {
      weights: [],
      initializers: new Map(),
      names: new Map(),
      root,
    };
    this.#body = root;
    this.#path = path;
  }

  /** Where names are made: the scopes entered so far. */
  get path(): string {
    return this.#path;
  }

  /** The same graph, with names under `name`. */
  scope(name: string): GraphBuilder {
    return new GraphBuilder(this.#shared, this.#body, `${this.#path}/${name}`);
  }

  /** The graph around all others, for what a subgraph shares with the rest of the model. */
  get outermost(): GraphBuilder {
    return new GraphBuilder(this.#shared, this.#shared.root, this.#path);
  }

  /** Declares an input of the graph. */
  input(name: string, dtype: DataType, dims: readonly Dim[]): Value {
    const own = this.#formalName(name);
    this.#body.message(11, valueInfoProto(own, dtype, dims));
    return { name: own, dtype };
  }

  /** Makes a value an output of the graph under a name of its own. */
  output(name: string, value: Value, dims: readonly Dim[]): void {
    const own = this.#formalName(name);
    this.#node({ opType: 'Identity', inputs: [value], outputs: [own], options: {}, name: `${this.#path}/${name}` });
    this.#body.message(12, valueInfoProto(own, value.dtype, dims));
  }

  /** Adds a node with one result. */
  op(opType: string, inputs: readonly NodeInput[], options: NodeOptions = {}): Value {
    return this.ops(opType, inputs, { ...options, results: 1 })[0]!;
  }

  /** Adds a node with several results, all of one element type. Results in `unused` are left out, by place. */
  ops(
    opType: string,
    inputs: readonly NodeInput[],
    options: NodeOptions & { readonly results: number; readonly unused?: readonly number[] },
  ): Value[] {
    const dtype = options.dtype ?? inputs.find((input) => input)?.dtype;
    if (!dtype) throw new GraphError(`The node ${opType} in ${this.#path || '/'} has no input to take its type from.`);
    const name = this.#unique(`${this.#path}/${options.name ?? opType}`);
    const outputs = Array.from({ length: options.results }, (_, i) => `${name}:${i}`);
    const { unused = [] } = options;
    const asked = outputs.map((output, i) => (unused.includes(i) ? '' : output));
    this.#node({ opType, inputs, outputs: asked, options, name });
    for (const [i, dims] of options.dims?.entries() ?? []) {
      this.#body.message(13, valueInfoProto(outputs[i]!, dtype, dims));
    }
    return outputs.map((output) => ({ name: output, dtype }));
  }

  /** A constant inside the model's bytes, for small tables and scalars. */
  constant(value: Tensor, name = 'constant'): Value {
    const unique = this.#unique(`${this.#path}/${name}`);
    this.#shared.root.message(5, tensorProto(unique, value));
    return { name: unique, dtype: value.dtype };
  }

  /** A small constant that is written once, however often it is asked for. `key` must tell its type and value. */
  shared(key: string, value: Tensor): Value {
    return this.#small(key, () => value, value.dtype);
  }

  /** A vector of int64, as shapes, axes and indices are given. */
  ints(...values: readonly number[]): Value {
    const key = `int64:[${values.join(',')}]`;
    return this.#small(key, () => tensor('int64', [values.length], BigInt64Array.from(values, BigInt)), 'int64');
  }

  /** A scalar of int64. */
  int(value: number): Value {
    const key = `int64:${value}`;
    return this.#small(key, () => tensor('int64', [], BigInt64Array.of(BigInt(value))), 'int64');
  }

  /** A scalar of float32. */
  float(value: number): Value {
    const key = `float32:${value}`;
    return this.#small(key, () => tensor('float32', [], Float32Array.of(value)), 'float32');
  }

  /**
   * A tensor of the checkpoint, as external data of the file it lies in.
   *
   * `asStored`: the runtime uses the weight as it lies in the file and makes no copy of its own, such as one in an order
   * that suits the processor. It then takes no time to load and no memory but the mapped file's. What a graph asks for
   * first holds for all uses of a weight.
   */
  weight(info: WeightInfo, { asStored = false }: WeightOptions = {}): Value {
    return this.#once(info.name, info.dtype, () => {
      this.#shared.weights.push(info);
      // An initializer that is an input too may be overridden by a feed, so it is no constant that could be rearranged.
      if (asStored) this.#shared.root.message(11, valueInfoProto(info.name, info.dtype, info.dims));
    });
  }

  /** A tensor computed at build time, kept beside the model's bytes rather than inside them. */
  inlineWeight(name: string, { dtype, dims, data }: Tensor): Value {
    return this.#once(name, dtype, () => {
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      this.#shared.weights.push({ name, dtype, dims, data: bytes });
    });
  }

  /**
   * A graph inside a node, for Loop and If. It sees every value of the graph around it.
   *
   * @param build declares the subgraph's inputs and outputs in the order that the operator asks for; their names are its own.
   */
  subgraph(name: string, build: (graph: GraphBuilder) => void): Attribute {
    const { graph, close } = this.#inner(name);
    build(graph);
    return close();
  }

  /** The same for a graph so large that whoever builds it pauses in between. */
  async slowSubgraph(name: string, build: (graph: GraphBuilder) => Promise<void>): Promise<Attribute> {
    const { graph, close } = this.#inner(name);
    await build(graph);
    return close();
  }

  /** Ends the graph. The builder is of no use afterwards. */
  finish(name: string): GraphModel {
    const { weights } = this.#shared;
    const body = this.#body.string(2, name);
    return {
      name,
      weights,
      encode: (place = whereItLies) =>
        modelProto((graph) => {
          graph.append(body);
          for (const weight of weights) graph.message(5, weightProto(weight, place(weight)));
        }).finish(),
    };
  }

  #inner(name: string): { readonly graph: GraphBuilder; close(): Attribute } {
    const body = new ProtoWriter();
    const graph = new GraphBuilder(this.#shared, body, `${this.#path}/${name}`);
    return { graph, close: () => ({ graph: body.string(2, name) }) };
  }

  #node(node: {
    readonly opType: string;
    readonly inputs: readonly NodeInput[];
    readonly outputs: readonly string[];
    readonly options: NodeOptions;
    readonly name: string;
  }): void {
    const proto = nodeProto({
      opType: node.opType,
      domain: node.options.domain ?? '',
      name: node.name,
      inputs: node.inputs.map((input) => input?.name ?? ''),
      outputs: node.outputs,
      attributes: node.options.attributes ?? {},
    });
    this.#body.message(1, proto);
  }

  /** A constant inside the model's bytes that is written when it is first asked for. */
  #small(key: string, value: () => Tensor, dtype: DataType): Value {
    return this.#once(key, dtype, () => this.#shared.root.message(5, tensorProto(key, value())));
  }

  #once(key: string, dtype: DataType, add: () => void): Value {
    const known = this.#shared.initializers.get(key);
    if (known) return known;
    const value = { name: key, dtype };
    this.#claim(key);
    add();
    this.#shared.initializers.set(key, value);
    return value;
  }

  /** The name of an input or output: as it is in the model's own graph, and unlike all others inside a subgraph. */
  #formalName(name: string): string {
    if (this.#body !== this.#shared.root) return this.#unique(`${this.#path}.${name}`);
    this.#claim(name);
    return name;
  }

  #claim(name: string): void {
    if (this.#shared.names.has(name)) {
      throw new GraphError(`The graph already has a value named "${name}".`, {
        remedy: 'Give each input, output and weight a name of its own.',
      });
    }
    this.#shared.names.set(name, 1);
  }

  #unique(base: string): string {
    const count = this.#shared.names.get(base) ?? 0;
    this.#shared.names.set(base, count + 1);
    return count === 0 ? base : `${base}_${count}`;
  }
}

/** In the file of its location, or in the model's bytes. */
function whereItLies(weight: GraphWeight): WeightPlace {
  return 'data' in weight ? { data: weight.data } : { location: weight.file.location, offset: weight.offset };
}
