import { PromptError, RuntimeError } from '@vlmkit/core';
import type { TokenConstraint } from './constraint.js';
import type { SampledToken, Sampler, TokenHistory, TokenMask } from './sampling/index.js';

/** Chooses the tokens of one answer, within its constraint. */
export interface TokenChooser {
  /** Chooses from a row of logits [vocabulary] what follows `history`. */
  next(logits: Float32Array, history: TokenHistory): Promise<SampledToken>;
}

/**
 * A chooser that asks for the next mask as soon as a token stands, so that it is made while the model runs.
 *
 * @throws PromptError for a constraint that was not compiled.
 */
export function createTokenChooser(sampler: Sampler, constraint: TokenConstraint | undefined): TokenChooser {
  if (!constraint) return { next: async (logits, history) => sampler.next(logits, history) };
  if (typeof constraint.mask !== 'function') {
    throw new PromptError('The constraint is not compiled.', {
      expected: 'what a compiler of @vlmkit/constrain returns',
      actual: JSON.stringify(constraint),
      remedy: 'Pass `await compiler.compile(constraint)`.',
    });
  }
  const requestMask = () => {
    const mask = constraint.mask();
    // Nobody waits for the mask of an answer that ends early: its failure is then of no interest.
    mask.catch(() => undefined);
    return mask;
  };
  let mask: Promise<TokenMask> | undefined;
  return {
    async next(logits, history) {
      const token = sampler.next(logits, history, await (mask ?? requestMask()));
      if (!(await constraint.accept(token.id))) {
        throw new RuntimeError('The constraint refused a token that its mask allows.', { actual: `token ${token.id}` });
      }
      mask = constraint.finished ? undefined : requestMask();
      return token;
    },
  };
}
