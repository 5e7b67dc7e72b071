import type { BackboneState, LanguageBackbone } from '@vlmkit/core';
import type { Answer } from './answer.js';
import { type AnswerRequest, answerLimit, lastAnswer, streamAnswer } from './answer-stream.js';
import { Conversation } from './conversation.js';
import type { VisionFeatures } from './vision-features.js';

/** A question ready to be asked, but for the conversation that it belongs to. */
export type PreparedRequest = Omit<AnswerRequest, 'conversation'>;

/** Modules that answer. */
export interface AnsweringModules {
  readonly backbone: LanguageBackbone;
  readonly vision: VisionFeatures | undefined;
}

/**
 * Answers several questions at once: every step of all answers is one run of the backbone. The answers are those that the
 * questions get apart; a question that fails leaves the others to go on.
 */
export async function askTogether(
  requests: readonly PreparedRequest[],
  { backbone, vision }: AnsweringModules,
): Promise<readonly PromiseSettledResult<Answer>[]> {
  if (requests.length === 0) return [];
  const capacities = requests.map((request) => request.prompt.tokenIds.length + answerLimit(request));
  const states = backbone.createBatch?.(capacities) ?? capacities.map((capacity) => backbone.createState(capacity));
  return Promise.allSettled(
    requests.map((request, i) => {
      const own = { contextLength: backbone.contextLength, createState: () => states[i]! };
      return answerOne(request, { state: states[i]!, conversation: new Conversation(own, vision) });
    }),
  );
}

async function answerOne(
  request: PreparedRequest,
  { state, conversation }: { readonly state: BackboneState; readonly conversation: Conversation },
): Promise<Answer> {
  try {
    // Guesses would fill the shared cache with tokens that nobody keeps, and the runs are full already.
    const options = { ...request.options, promptLookup: false };
    return await lastAnswer(streamAnswer({ ...request, options, conversation }));
  } finally {
    // The others wait for this one until it leaves.
    state.dispose();
  }
}
