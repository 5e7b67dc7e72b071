import { RuntimeError } from '@vlmkit/core';
import { answerCalls, type Handlers } from '@vlmkit/threads';
import { createCompiler } from '../compiler.js';
import type { ConstraintCompiler, ConstraintState } from '../constraint-state.js';
import type { PackedVocabulary } from '../vocabulary.js';
import { loadNodeGrammarEngine } from './load-engine.js';
import type { ConstraintCalls } from './worker-protocol.js';

/** A compiler and its states. */
function createHandlers(): Handlers<ConstraintCalls> {
  const tokens: PackedVocabulary[] = [];
  const states = new Map<number, ConstraintState>();
  let compiler: ConstraintCompiler | undefined;
  let created = 0;

  function stateOf(number: number): ConstraintState {
    const found = states.get(number);
    if (found === undefined) throw new RuntimeError('A constraint was used after it was disposed of.');
    return found;
  }

  return {
    addTokens(part) {
      tokens.push(part);
    },
    async open(options) {
      compiler = await createCompiler({ ...options, loadEngine: loadNodeGrammarEngine, tokens: tokens.splice(0) });
    },
    async compile(constraint) {
      if (compiler === undefined) throw new RuntimeError('The constraint compiler is not open.');
      const state = await compiler.compile(constraint);
      states.set(++created, state);
      return created;
    },
    mask: (number) => stateOf(number).mask(),
    async accept({ state: number, id }) {
      const state = stateOf(number);
      const accepted = await state.accept(id);
      return { accepted, finished: state.finished };
    },
    async rollback({ state, count }) {
      await stateOf(state).rollback(count);
    },
    free(number) {
      stateOf(number).dispose();
      states.delete(number);
    },
  };
}

answerCalls<ConstraintCalls>(createHandlers());
