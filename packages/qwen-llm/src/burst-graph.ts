import { type DataType, type GraphModel, type Tensor, tensor } from '@vlmkit/core';
import { Component, GraphBuilder, type RotaryTables, type Value } from '@vlmkit/onnx-graph';
import { choiceInputs, chooseToken } from './burst-choice.js';
import type { DecoderConfig } from './decoder-config.js';
import { type DecoderGraphOptions, type DecoderOutputs, decoder } from './decoder-graph.js';
import { type CacheAccess, type KeyValueRows, outputNewRows, pastRows } from './layer-cache.js';
import { LoopState } from './loop-state.js';

/**
 * The decoder as the body of a loop: the first iteration computes the tokens fed, as the plain graph does; each further
 * one computes the token that the iteration before has chosen. Where new keys and values come back through the host, many
 * tokens then cost one transfer. Prefill and single steps are loops of one iteration, so the weights are there once.
 *
 * ```
 *                     ┌───────────────── Loop, at most `steps` times ────────────────┐
 * token_ids [s] ─────►│ decoder ─► logits [n, vocab] ─► last row ─► choice ─► token  │─► tokens [i], logits [n, vocab]
 * seen [vocab] ──────►│    ▲  │                                         │            │
 *                     │    │  └─► rows of this run, grown by Concat     stop_ids? end │─► new_rows [2·l·n·f, d]
 * past_key, … [p, d] ─┼────┘                                                         │
 *                     └──────────────────────────────────────────────────────────────┘
 * ```
 *
 * Legend: s, n, h, p, d, v as for the plain graph; t: tokens fed and chosen, s + steps − 1; i: iterations run;
 * f: tokens whose keys and values are new, s + i − 1.
 *
 * Inputs: those of the plain graph, with `cos`, `sin` [t, d/2] and at least one row of logits; `steps`, a scalar int64;
 * `seen` [vocab] bool; those of {@link choiceInputs}. Outputs: `tokens` [i] int64, and those of the plain graph, logits
 * and hidden states being those of the last iteration.
 */
export async function buildBurstGraph(options: DecoderGraphOptions): Promise<GraphModel> {
  const { config, weights, profile, dtype } = options;
  const graph = new GraphBuilder();
  const model = new Component({ graph, weights, profile, ...(dtype && { dtype }) });
  const outer = outerValues(model, config);
  const state = loopState(model, config);
  const choice = choiceInputs(graph);

  const body = await graph.slowSubgraph('step', async (step) => {
    const iteration = step.input('iteration', 'int64', []);
    step.input('going', 'bool', []);
    state.open(step);
    const { logits, hiddenStates, last } = await decodeStep(model.on(step), { config, outer, state });
    const { token, seen, going } = chooseToken(step, { logits, seen: state.now('seen'), iteration, choice });
    state.next('token_ids', step.op('Reshape', [token, step.ints(1)]));
    // A chosen token is text, stands alone, and sees all of this run.
    state.next('visual_rows', step.ints(-1));
    state.next('logit_rows', step.ints(0));
    state.next('many_rows', step.shared('bool:false', tensor('bool', [], Uint8Array.of(0))));
    state.next('causal_bias', constant(model.on(step), tensor('float32', [1, 1], Float32Array.of(0))));
    state.next('first', last);
    state.next('seen', seen);
    state.next('logits', logits);
    state.next('hidden_states', hiddenStates);
    step.output('going_on', going, []);
    state.close(step);
    step.output('token', token, []);
  });

  const steps = graph.input('steps', 'int64', []);
  const always = graph.shared('bool:true', tensor('bool', [], Uint8Array.of(1)));
  const dtypes: readonly DataType[] = [...state.dtypes, 'int64'];
  const results = graph
    .ops('Loop', [steps, always, ...state.initial], { attributes: { body }, results: dtypes.length })
    .map(({ name }, i): Value => ({ name, dtype: dtypes[i]! }));
  graph.output('tokens', results.at(-1)!, ['i']);
  graph.output('logits', state.result(results, 'logits'), ['n', config.vocabSize]);
  graph.output('hidden_states', state.result(results, 'hidden_states'), ['n', config.hiddenSize]);
  const rows = Array.from({ length: config.numHiddenLayers }, (_, layer) =>
    newRows(layer, config, (name) => state.result(results, name)),
  );
  outputNewRows(graph, rows, config);
  return graph.finish('qwen-llm');
}

/** What every iteration sees, and none changes. */
interface OuterValues {
  readonly tables: RotaryTables;
  readonly visual: Value;
  readonly pastBias: Value;
  /** Keys and values of the cache, by layer. */
  readonly past: readonly KeyValueRows[];
}

function outerValues(model: Component, config: DecoderConfig): OuterValues {
  const { graph, dtype } = model;
  const { hiddenSize, headDim, numHiddenLayers } = config;
  return {
    tables: {
      cos: model.cast(graph.input('cos', 'float32', ['t', headDim / 2])),
      sin: model.cast(graph.input('sin', 'float32', ['t', headDim / 2])),
    },
    visual: graph.input('visual', 'float32', ['v', hiddenSize]),
    pastBias: model.cast(graph.input('past_bias', 'float32', ['past_rows', 'past_columns'])),
    past: Array.from({ length: numHiddenLayers }, (_, layer) =>
      pastRows(layer, config, (name) => graph.input(name, dtype, ['p', headDim])),
    ),
  };
}

function loopState(model: Component, config: DecoderConfig): LoopState {
  const { graph } = model;
  const { vocabSize, hiddenSize, headDim } = config;
  const none = (width: number) => tensor('float32', [0, width], new Float32Array(0));
  const state = new LoopState();
  state.add('token_ids', graph.input('token_ids', 'int64', ['s']), [null]);
  state.add('visual_rows', graph.input('visual_rows', 'int64', ['s']), [null]);
  state.add('logit_rows', graph.input('logit_rows', 'int64', ['n']), [null]);
  state.add('many_rows', graph.input('many_rows', 'bool', []), []);
  state.add('causal_bias', model.cast(graph.input('causal_bias', 'float32', ['s', 's'])), [null, null]);
  state.add('first', graph.ints(0), [1]);
  state.add('seen', graph.input('seen', 'bool', [vocabSize]), [vocabSize]);
  state.add('logits', graph.constant(none(vocabSize)), [null, vocabSize]);
  state.add('hidden_states', graph.constant(none(hiddenSize)), [null, hiddenSize]);
  const noRows = constant(model, none(headDim));
  for (let layer = 0; layer < config.numHiddenLayers; layer++) {
    for (const name of newRowsNames(layer, config)) state.add(name, noRows, [null, headDim]);
  }
  return state;
}

interface StepOptions {
  readonly config: DecoderConfig;
  readonly outer: OuterValues;
  readonly state: LoopState;
}

/** One iteration: the decoder over this iteration's tokens. `last` is where the next one's angles begin. */
async function decodeStep(
  model: Component,
  { config, outer, state }: StepOptions,
): Promise<DecoderOutputs & { readonly last: Value }> {
  const { graph } = model;
  const last = graph.op('Add', [state.now('first'), graph.op('Shape', [state.now('token_ids')])]);
  const angles = (table: Value) => graph.op('Slice', [table, state.now('first'), last, graph.ints(0)]);
  const grow = (name: string, rows: Value): Value => {
    const grown = graph.op('Concat', [state.now(name), rows], { attributes: { axis: 0 } });
    state.next(name, grown);
    return grown;
  };
  const cache: CacheAccess = (layer) => ({
    past: outer.past[layer]!,
    append: ({ keys, values }) => {
      const rows = [...keys, ...values];
      const grown = newRowsNames(layer, config).map((name, i) => grow(name, rows[i]!));
      return { keys: grown.slice(0, keys.length), values: grown.slice(keys.length) };
    },
  });
  const outputs = await decoder(model, config, {
    tokenIds: state.now('token_ids'),
    visual: outer.visual,
    visualRows: state.now('visual_rows'),
    logitRows: state.now('logit_rows'),
    manyRows: state.now('many_rows'),
    state: {
      tables: { cos: angles(outer.tables.cos), sin: angles(outer.tables.sin) },
      causalBias: state.now('causal_bias'),
      pastBias: outer.pastBias,
      cache,
    },
  });
  return { ...outputs, last };
}

/** A constant in the element type of activations. */
function constant(model: Component, value: Tensor): Value {
  return model.cast(model.graph.constant(value));
}

/** Names in the loop of the rows that a layer's heads have gained: keys of each, then values of each. */
function newRowsNames(layer: number, { numKeyValueHeads }: DecoderConfig): readonly string[] {
  return ['new_key', 'new_value'].flatMap((kind) =>
    Array.from({ length: numKeyValueHeads }, (_, head) => `${kind}.${layer}.${head}`),
  );
}

/** Those rows. */
function newRows(layer: number, config: DecoderConfig, find: (name: string) => Value): KeyValueRows {
  const all = newRowsNames(layer, config).map(find);
  return { keys: all.slice(0, config.numKeyValueHeads), values: all.slice(config.numKeyValueHeads) };
}
