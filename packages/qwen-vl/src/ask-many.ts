import { inOrder } from '@vlmkit/core';
import type { Answer } from './answer.js';
import { type AnsweringModules, askTogether, type PreparedRequest } from './ask-together.js';
import type { AskRequest } from './chat-options.js';

/** A question ready to be asked, or the answer to one that was aborted before. */
export type Prepared =
  | { readonly request: PreparedRequest; readonly aborted?: undefined }
  | { readonly request?: undefined; readonly aborted: Answer };

/** How many questions are answered. */
export interface AskManyParts {
  /** Questions answered at a time. */
  readonly batchSize: number;
  readonly modules: AnsweringModules;
  /** Questions that cannot be prepared leave the others to be answered. Where not, the first ends all. */
  readonly settle: boolean;
  /** Reads a question's pictures and clips. */
  prepare(question: AskRequest): Promise<Prepared>;
}

/**
 * Questions of a batch whose pictures and clips are read at a time: as many as the threads, at most, that media sources
 * decode in, so that slow servers are waited for together and few pictures are in memory at full size.
 */
const preparedAtOnce = 4;

/**
 * Answers questions, a batch at a time, and tells what became of each, in their order.
 *
 * @throws unless `settle`, what `prepare` throws, for the first question in order that it fails for.
 */
export async function* askInBatches(
  questions: readonly AskRequest[],
  { batchSize, modules, settle, prepare }: AskManyParts,
): AsyncGenerator<PromiseSettledResult<Answer>, void, undefined> {
  const begin = async (question: AskRequest): Promise<PreparedRequest | PromiseSettledResult<Answer>> => {
    try {
      const { request, aborted } = await prepare(question);
      return request ?? { status: 'fulfilled', value: aborted };
    } catch (reason) {
      if (!settle) throw reason;
      return { status: 'rejected', reason };
    }
  };
  for (let start = 0; start < questions.length; start += batchSize) {
    const batch: (PreparedRequest | PromiseSettledResult<Answer>)[] = [];
    for await (const one of inOrder(questions.slice(start, start + batchSize), preparedAtOnce, begin)) batch.push(one);
    const asked = batch.flatMap((one) => ('status' in one ? [] : one));
    const answered = (await askTogether(asked, modules)).values();
    for (const one of batch) yield 'status' in one ? one : answered.next().value!;
  }
}
