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
  /** [1]. More are kept where several share the k-th score. */
  readonly topK: Value;
  /** [1], one more than `topK`, or as many as there are tokens. */
  readonly topKAndNext: Value;
  /** []. */
  readonly topP: Value;
  /** []. */
  readonly minP: Value;
  /** [steps], one number in [0, 1) for each token; 0 draws the lowest id that is kept. */
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
    topKAndNext: graph.input('top_k_and_next', 'int64', [1]),
    topP: graph.input('top_p', 'float32', []),
    minP: graph.input('min_p', 'float32', []),
    uniforms: graph.input('uniforms', 'float32', ['steps']),
    stopIds: graph.input('stop_ids', 'int64', ['stops']),
  };
}

/** Scores above this are taken for finite. */
const lowestScore = -3.4e38;

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
 * logits ─► last row ─► + bias ─► penalty where seen ─► + bans ─► / temperature ─► top-k ─► top-p, min-p ─► draw ─► token
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
  const { ids, scores: top, best } = topCandidates(graph, scores, choice);
  // Comparisons with NaN are false.
  const any = graph.op('Greater', [best, graph.float(lowestScore)], { dtype: 'bool' });
  const weights = keptWeights(graph, top, choice);
  const drawn = draw(graph, { ids, weights, uniform: graph.op('Gather', [choice.uniforms, iteration]) });
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

/** Tokens that may be drawn, by rising id. c: k, and as many more as share the k-th score. */
interface Candidates {
  /** [c]. */
  readonly ids: Value;
  /** [c], divided by the temperature. */
  readonly scores: Value;
  /** [], the highest score of all. */
  readonly best: Value;
}

/**
 * The k highest scores and all that equal the k-th, as the host keeps them. The one after the k-th shows whether there are
 * such, so that the whole vocabulary is looked through again only where there are.
 *
 * ```
 * scores [vocab] ─► k + 1 highest ─► last two equal? ─┬─ no ──► ids of the k ──────────────────┐
 *                                                     └─ yes ─► ids of all that reach the k-th ┴► ids
 * ```
 */
function topCandidates(
  graph: GraphBuilder,
  scores: Value,
  { temperature, topK, topKAndNext }: ChoiceInputs,
): Candidates {
  const [values, indices] = graph.ops('TopK', [scores, topKAndNext], { attributes: { axis: 0 }, results: 2 });
  // Division may round a lower score up to the k-th.
  const top = graph.op('Div', [values!, temperature]);
  const kth = graph.op('Gather', [top, graph.int(-2)]);
  const isTied = graph.op('And', [
    graph.op('Equal', [kth, graph.op('Gather', [top, graph.int(-1)])], { dtype: 'bool' }),
    graph.op('Greater', [kth, graph.float(lowestScore)], { dtype: 'bool' }),
  ]);
  const tied = graph.subgraph('tied', (branch) => {
    const all = branch.op('Div', [scores, temperature]);
    const reached = branch.op('GreaterOrEqual', [all, kth], { dtype: 'bool' });
    const found = branch.op('NonZero', [reached], { dtype: 'int64' });
    branch.output('reached', branch.op('Reshape', [found, branch.ints(-1)]), ['reached']);
  });
  const apart = graph.subgraph('apart', (branch) => {
    const ids = branch.op('Slice', [{ name: indices!.name, dtype: 'int64' }, branch.ints(0), topK]);
    const [rising] = branch.ops('TopK', [ids, topK], { attributes: { axis: 0, largest: 0 }, results: 2 });
    branch.output('first', rising!, ['first']);
  });
  const ids = graph.op('If', [isTied], { attributes: { then_branch: tied, else_branch: apart }, dtype: 'int64' });
  return {
    ids,
    scores: graph.op('Div', [graph.op('Gather', [scores, ids]), temperature]),
    best: graph.op('Gather', [values!, graph.int(0)]),
  };
}

/**
 * Weights of candidates, with 0 for what top-p and min-p cut. [c]. Of equal scores where top-p ends, those of the highest ids
 * are kept, as on the host.
 *
 * ```
 * scores, by rising id ─► by falling id ─► by falling score ─► weights ─► cut ─► back to falling id ─► by rising id
 * ```
 */
function keptWeights(graph: GraphBuilder, scores: Value, { topP, minP }: ChoiceInputs): Value {
  const count = graph.op('Shape', [scores], { dtype: 'int64' });
  // Of equal scores, the one that stands first comes first.
  const [sorted, places] = graph.ops('TopK', [reversed(graph, scores), count], { attributes: { axis: 0 }, results: 2 });
  const weights = graph.op('Exp', [graph.op('Sub', [sorted!, graph.op('Gather', [sorted!, graph.ints(0)])])]);
  const total = graph.op('ReduceSum', [weights], { attributes: { keepdims: 0 } });
  const before = graph.op('CumSum', [weights, graph.int(0)], { attributes: { exclusive: 1 } });
  const inTopP = graph.op('Less', [before, graph.op('Mul', [total, topP])], { dtype: 'bool' });
  const cut = graph.op('Less', [weights, minP], { dtype: 'bool' });
  const kept = graph.op('And', [inTopP, graph.op('Not', [cut])]);
  const left = graph.op('Where', [kept, weights, graph.float(0)], { dtype: 'float32' });
  return reversed(graph, graph.op('ScatterElements', [left, { name: places!.name, dtype: 'int64' }, left]));
}

/** A vector from its end to its beginning. */
function reversed(graph: GraphBuilder, vector: Value): Value {
  return graph.op('Slice', [vector, graph.ints(-1), graph.ints(-(2 ** 31)), graph.ints(0), graph.ints(-1)]);
}

interface DrawOptions {
  /** [c], rising: the host goes through candidates in this order. */
  readonly ids: Value;
  /** [c]. */
  readonly weights: Value;
  /** []. */
  readonly uniform: Value;
}

/** Draws an id in proportion to its weight. */
function draw(graph: GraphBuilder, { ids, weights, uniform }: DrawOptions): Value {
  const sums = graph.op('CumSum', [weights, graph.int(0)]);
  const target = graph.op('Mul', [graph.op('Gather', [sums, graph.int(-1)]), uniform]);
  const reached = castTo(graph, graph.op('Greater', [sums, target], { dtype: 'bool' }), 'int32');
  const first = graph.op('ArgMax', [reached], { attributes: { axis: 0, keepdims: 0 }, dtype: 'int64' });
  return graph.op('Gather', [ids, first]);
}
