import { setImmediate } from 'node:timers/promises';
import { RuntimeError } from '@vlmkit/core';
import { type Constraint, portableConstraint } from '../constraint.js';
import type { ConstraintCompiler, ConstraintState } from '../constraint-state.js';
import { packVocabulary, type Vocabulary } from '../vocabulary.js';
import { openChannel, type WorkerChannel } from './worker-channel.js';

/** What a compiler needs. */
export interface NodeCompilerOptions {
  /** The tokenizer's tokens; a `Tokenizer` of `@vlmkit/tokenizer` fits. */
  readonly vocabulary: Vocabulary;
  /** Length of a row of logits, at least the tokenizer's size (default: that size). */
  readonly vocabularySize?: number;
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
  const channel = openChannel();
  try {
    for (let start = 0; start < vocabulary.vocabularySize; start += tokensPerTurn) {
      const end = Math.min(start + tokensPerTurn, vocabulary.vocabularySize);
      await channel.call({ method: 'addTokens', tokens: packVocabulary(vocabulary, start, end) });
      await setImmediate();
    }
    await channel.call({ method: 'open', vocabularySize, stopIds });
  } catch (error) {
    await channel.close();
    throw error;
  }
  return {
    async compile(constraint: Constraint) {
      const state = await channel.call({ method: 'compile', constraint: portableConstraint(constraint) });
      return createRemoteState(channel, state);
    },
    dispose: () => channel.close(),
  };
}

/** A state that lives in the worker. */
function createRemoteState(channel: WorkerChannel, state: number): ConstraintState {
  let finished = false;
  let disposed = false;
  return {
    get finished() {
      return finished;
    },
    mask: () => channel.call({ method: 'mask', state }),
    async accept(id) {
      const result = await channel.call({ method: 'accept', state, id });
      finished = result.finished;
      return result.accepted;
    },
    async rollback(count) {
      await channel.call({ method: 'rollback', state, count });
      if (count > 0) finished = false;
    },
    dispose() {
      if (disposed) return;
      disposed = true;
      // A worker that has ended freed everything.
      channel.call({ method: 'free', state }).catch((error: unknown) => {
        if (!(error instanceof RuntimeError)) throw error;
      });
    },
  };
}
