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
  const scaled = graph.op('Div', [scores, choice.temperature]);
  const [values, indices] = graph.ops('TopK', [scaled, choice.topK], { attributes: { axis: 0 }, results: 2 });
  const candidates = tiedCandidates(graph, { scaled, values: values!, indices: indices!, topK: choice.topK });
  // Comparisons with NaN are false.
  const best = graph.op('Gather', [values!, graph.int(0)]);
  const any = graph.op('Greater', [best, graph.float(lowestScore)], { dtype: 'bool' });
  const drawn = draw(graph, {
    ...candidates,
    weights: keptWeights(graph, candidates.scores, choice),
    iteration,
    choice,
  });
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

interface TopScores {
  /** [vocab]. */
  readonly scaled: Value;
  /** [k], the highest, in falling order. */
  readonly values: Value;
  /** [k], where they stand. */
  readonly indices: Value;
  /** [1], k. */
  readonly topK: Value;
}

/** Tokens that may be drawn, by falling score, of equal ones the highest id first. */
interface SortedCandidates {
  /** [c]. */
  readonly ids: Value;
  /** [c]. */
  readonly scores: Value;
  /** [1], c: k, and as many more as share the k-th score. */
  readonly count: Value;
}

/**
 * The k highest scores and all that equal the k-th, as the host keeps them.
 *
 * ```
 * k-th ─► ≥ k-th [vocab] ─► and the k themselves ─► ids, rising ─► ids, falling ─► sorted by score
 * ```
 */
function tiedCandidates(graph: GraphBuilder, { scaled, values, indices, topK }: TopScores): SortedCandidates {
  const kth = graph.op('Max', [graph.op('Gather', [values, graph.int(-1)]), graph.float(lowestScore)]);
  const reached = graph.op('GreaterOrEqual', [scaled, kth], { dtype: 'bool' });
  // Where no score counts, as after an overflow, something must be left to look at.
  const yes = graph.op('Expand', [graph.shared('bool:[true]', tensor('bool', [1], Uint8Array.of(1))), topK]);
  const isKept = graph.op('ScatterElements', [reached, indices, yes]);
  const rising = graph.op('Reshape', [graph.op('NonZero', [isKept], { dtype: 'int64' }), graph.ints(-1)]);
  const falling = graph.op('Slice', [rising, graph.ints(-1), graph.ints(-(2 ** 31)), graph.ints(0), graph.ints(-1)]);
  const count = graph.op('Shape', [falling], { dtype: 'int64' });
  const unsorted = graph.op('Gather', [scaled, falling]);
  // Of equal scores, the one that stands first comes first.
  const [scores, order] = graph.ops('TopK', [unsorted, count], { attributes: { axis: 0 }, results: 2 });
  return { ids: graph.op('Gather', [falling, { name: order!.name, dtype: 'int64' }]), scores: scores!, count };
}

/** Weights of scores in falling order, with 0 for what top-p and min-p cut. [c]. */
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
  /** [c]. */
  readonly ids: Value;
  /** [c]. */
  readonly weights: Value;
  /** [1], c. */
  readonly count: Value;
  readonly iteration: Value;
  readonly choice: ChoiceInputs;
}

/** Draws an id in proportion to its weight. The host goes through candidates by rising id, and so does this. */
function draw(graph: GraphBuilder, { ids, weights, count, iteration, choice }: DrawOptions): Value {
  const [sorted, order] = graph.ops('TopK', [ids, count], { attributes: { axis: 0, largest: 0 }, results: 2 });
  const sums = graph.op('CumSum', [graph.op('Gather', [weights, order]), graph.int(0)]);
  const uniform = graph.op('Gather', [choice.uniforms, iteration]);
  const target = graph.op('Mul', [graph.op('Gather', [sums, graph.int(-1)]), uniform]);
  const reached = castTo(graph, graph.op('Greater', [sums, target], { dtype: 'bool' }), 'int32');
  const first = graph.op('ArgMax', [reached], { attributes: { axis: 0, keepdims: 0 }, dtype: 'int64' });
  return graph.op('Gather', [sorted, first]);
}
