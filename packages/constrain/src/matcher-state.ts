import type { GrammarMatcher } from '@mlc-ai/web-xgrammar';
import { RuntimeError } from '@vlmkit/core';
import type { ConstraintState } from './constraint-state.js';

/** The state of an answer on a matcher of the grammar library, which it owns. */
export function createMatcherState(
  matcher: GrammarMatcher,
  options: { readonly vocabularySize: number; readonly onDispose: () => void },
): ConstraintState {
  let accepted = 0;
  let disposed = false;

  // The library aborts on misuse, and takes its whole instance with it: everything is checked before.
  function requireLive(): void {
    if (disposed) throw new RuntimeError('A constraint was used after it was disposed of.');
  }

  function requireUnfinished(): void {
    requireLive();
    if (!matcher.isTerminated()) return;
    throw new RuntimeError('The constrained answer is finished: nothing can follow.', {
      remedy: 'Stop at `finished`, or compile the constraint again for another answer.',
    });
  }

  return {
    get finished() {
      return !disposed && matcher.isTerminated();
    },
    async mask() {
      requireUnfinished();
      return matcher.getNextTokenBitmask();
    },
    async accept(id) {
      requireUnfinished();
      if (!Number.isSafeInteger(id) || id < 0 || id >= options.vocabularySize) return false;
      if (!matcher.acceptToken(id)) return false;
      accepted++;
      return true;
    },
    async rollback(count) {
      requireLive();
      if (!Number.isSafeInteger(count) || count < 0 || count > accepted) {
        throw new RuntimeError('More tokens were to be taken back than were accepted.', {
          expected: `0 to ${accepted}`,
          actual: String(count),
        });
      }
      if (count > 0) matcher.rollBack(count);
      accepted -= count;
    },
    dispose() {
      if (disposed) return;
      disposed = true;
      matcher.dispose();
      options.onDispose();
    },
  };
}
