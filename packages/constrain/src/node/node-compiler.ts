import { setImmediate } from 'node:timers/promises';
import { RuntimeError } from '@vlmkit/core';
import { WorkerThread } from '@vlmkit/threads';
import { type Constraint, portableConstraint } from '../constraint.js';
import type { ConstraintCompiler, ConstraintState } from '../constraint-state.js';
import { packVocabulary, type Vocabulary } from '../vocabulary.js';
import type { ConstraintCalls } from './worker-protocol.js';

/** What a compiler needs. */
export interface NodeCompilerOptions {
  /** The tokenizer's tokens; a `Tokenizer` of `@vlmkit/tokenizer` fits. */
  readonly vocabulary: Vocabulary;
  /** Length of a row of logits, at least the tokenizer's size (default: that size). */
  readonly vocabularySize?: number | undefined;
  /** Ids that end an answer. */
  readonly stopIds: readonly number[];
}

/** Tokens read before timers get their turn. */
const tokensPerTurn = 2048;

/**
 * Creates a compiler in a thread of its own, so that neither its set-up (0.5 s for 150,000 tokens) nor a compilation
 * holds up the caller's event loop. The thread does not keep the process alive.
 *
 * @throws PromptError when there is no stop id; RuntimeError when the thread or the grammar library does not start
 */
export async function createNodeConstraintCompiler(options: NodeCompilerOptions): Promise<ConstraintCompiler> {
  const { vocabulary, stopIds, vocabularySize = vocabulary.vocabularySize } = options;
  const thread = new WorkerThread<ConstraintCalls>({
    script: new URL('./constraint-worker.js', import.meta.url),
    name: 'the constraint thread',
    remedy: 'Create a new compiler.',
  });
  try {
    for (let start = 0; start < vocabulary.vocabularySize; start += tokensPerTurn) {
      const end = Math.min(start + tokensPerTurn, vocabulary.vocabularySize);
      await thread.call('addTokens', packVocabulary(vocabulary, start, end));
      await setImmediate();
    }
    await thread.call('open', { vocabularySize, stopIds });
  } catch (error) {
    await thread.close();
    throw error;
  }
  return {
    async compile(constraint: Constraint) {
      const state = await thread.call('compile', portableConstraint(constraint));
      return createRemoteState(thread, state);
    },
    dispose: () =>
      thread.close(new RuntimeError('The constraint compiler has been disposed of.', { remedy: 'Create a new one.' })),
  };
}

/** A state that lives in the worker. */
function createRemoteState(thread: WorkerThread<ConstraintCalls>, state: number): ConstraintState {
  let finished = false;
  let disposed = false;
  return {
    get finished() {
      return finished;
    },
    mask: () => thread.call('mask', state),
    async accept(id) {
      const result = await thread.call('accept', { state, id });
      finished = result.finished;
      return result.accepted;
    },
    async rollback(count) {
      await thread.call('rollback', { state, count });
      if (count > 0) finished = false;
    },
    dispose() {
      if (disposed) return;
      disposed = true;
      // A worker that has ended freed everything.
      thread.call('free', state).catch((error: unknown) => {
        if (!(error instanceof RuntimeError)) throw error;
      });
    },
  };
}
