import { tensor } from '@vlmkit/core';
import { castTo, type GraphBuilder, type Value } from '@vlmkit/onnx-graph';

/** How a graph chooses tokens: inputs that are the same for all iterations of a burst. */
export interface ChoiceInputs {
  /** [vocab] or [1], added to the logits. */
  readonly logitBias: Value;
  /** [], divides positive and multiplies negative scores of tokens seen. */
  readonly repetitionPenalty: Value;
  /** [vocab] or [1], 0 or −∞. */
  readonly bans: Value;
  /** []. */
  readonly temperature: Value;
  /** [1], 1 chooses the likeliest token. */
  readonly topK: Value;
  /** []. */
  readonly topP: Value;
  /** []. */
  readonly minP: Value;
  /** [steps], one number in [0, 1) for each token. */
  readonly uniforms: Value;
  /** [k], at least one. */
  readonly stopIds: Value;
}

/** Declares the inputs of a choice. */
export function choiceInputs(graph: GraphBuilder): ChoiceInputs {
  return {
    logitBias: graph.input('logit_bias', 'float32', ['bias']),
    repetitionPenalty: graph.input('repetition_penalty', 'float32', []),
    bans: graph.input('bans', 'float32', ['ban']),
    temperature: graph.input('temperature', 'float32', []),
    topK: graph.input('top_k', 'int64', [1]),
    topP: graph.input('top_p', 'float32', []),
    minP: graph.input('min_p', 'float32', []),
    uniforms: graph.input('uniforms', 'float32', ['steps']),
    stopIds: graph.input('stop_ids', 'int64', ['stops']),
  };
}

/** What stands in place of a token where none can be chosen, as after an overflow. */
export const nothing = -1;

interface ChoiceState {
  /** [n, vocab]. */
  readonly logits: Value;
  /** [vocab] bool: tokens of prompt and answer so far. */
  readonly seen: Value;
  /** [], number of the iteration. */
  readonly iteration: Value;
  readonly choice: ChoiceInputs;
}

interface Choice {
  /** [] int64; {@link nothing} where no token has a score above −∞. */
  readonly token: Value;
  /** [vocab] bool. */
  readonly seen: Value;
  /** [] bool: there is a token, and it is no stop id. */
  readonly going: Value;
}

/**
 * Chooses the token that follows the last row of logits, by the steps of the host's sampler in their order.
 *
 * ```
 * logits ─► last row ─► + bias ─► penalty where seen ─► + bans ─► TopK ─► / temperature ─► draw ─► token
 * ```
 */
export function chooseToken(around: GraphBuilder, { logits, seen, iteration, choice }: ChoiceState): Choice {
  const graph = around.scope('choice');
  const row = graph.op('Gather', [logits, graph.int(-1)]);
  const biased = graph.op('Add', [row, choice.logitBias]);
  const penalised = graph.op(
    'Where',
    [
      graph.op('Less', [biased, graph.float(0)], { dtype: 'bool' }),
      graph.op('Mul', [biased, choice.repetitionPenalty]),
      graph.op('Div', [biased, choice.repetitionPenalty]),
    ],
    { dtype: 'float32' },
  );
  const scores = graph.op('Add', [graph.op('Where', [seen, penalised, biased], { dtype: 'float32' }), choice.bans]);
  const [values, indices] = graph.ops('TopK', [scores, choice.topK], { attributes: { axis: 0 }, results: 2 });
  const ids: Value = { name: indices!.name, dtype: 'int64' };
  const weights = keptWeights(graph, graph.op('Div', [values, choice.temperature]), choice);
  // Comparisons with NaN are false.
  const best = graph.op('Gather', [values!, graph.int(0)]);
  const any = graph.op('Greater', [best, graph.float(-3.4e38)], { dtype: 'bool' });
  const drawn = draw(graph, { ids, weights, iteration, choice });
  const token = graph.op('Where', [any, drawn, graph.int(nothing)], { dtype: 'int64' });
  const isStop = graph.op('Equal', [token, choice.stopIds], { dtype: 'bool' });
  const stops = graph.op('ReduceMax', [castTo(graph, isStop, 'int32')], { attributes: { keepdims: 0 } });
  return {
    token,
    seen: graph.op('ScatterElements', [
      seen,
      graph.op('Reshape', [token, graph.ints(1)]),
      graph.shared('bool:[true]', tensor('bool', [1], Uint8Array.of(1))),
    ]),
    going: graph.op('And', [any, graph.op('Not', [castTo(graph, stops, 'bool')])]),
  };
}

/** Weights of scores in falling order, with 0 for what top-p and min-p cut. [k]. */
function keptWeights(graph: GraphBuilder, scaled: Value, { topP, minP }: ChoiceInputs): Value {
  const weights = graph.op('Exp', [graph.op('Sub', [scaled, graph.op('Gather', [scaled, graph.ints(0)])])]);
  const total = graph.op('ReduceSum', [weights], { attributes: { keepdims: 0 } });
  const before = graph.op('CumSum', [weights, graph.int(0)], { attributes: { exclusive: 1 } });
  const inTopP = graph.op('Less', [before, graph.op('Mul', [total, topP])], { dtype: 'bool' });
  const cut = graph.op('Less', [weights, minP], { dtype: 'bool' });
  const kept = graph.op('And', [inTopP, graph.op('Not', [cut])]);
  return graph.op('Where', [kept, weights, graph.float(0)], { dtype: 'float32' });
}

interface DrawOptions {
  /** [k]. */
  readonly ids: Value;
  /** [k]. */
  readonly weights: Value;
  readonly iteration: Value;
  readonly choice: ChoiceInputs;
}

/** Draws an id in proportion to its weight. The host goes through candidates by rising id, and so does this. */
function draw(graph: GraphBuilder, { ids, weights, iteration, choice }: DrawOptions): Value {
  const [sorted, order] = graph.ops('TopK', [ids, choice.topK], { attributes: { axis: 0, largest: 0 }, results: 2 });
  const sums = graph.op('CumSum', [graph.op('Gather', [weights, order]), graph.int(0)]);
  const uniform = graph.op('Gather', [choice.uniforms, iteration]);
  const target = graph.op('Mul', [graph.op('Gather', [sums, graph.int(-1)]), uniform]);
  const reached = castTo(graph, graph.op('Greater', [sums, target], { dtype: 'bool' }), 'int32');
  const first = graph.op('ArgMax', [reached], { attributes: { axis: 0, keepdims: 0 }, dtype: 'int64' });
  return graph.op('Gather', [sorted, first]);
}
