import type { Answer, ChatOptions, Message, QwenVL } from '@vlmkit/qwen-vl';
import { answerJson } from './answer-json.js';
import { type Colors, errColors } from './colors.js';
import { chatOptions, type GenerationOptions } from './generation-options.js';
import type { JsonOptions } from './json-options.js';
import type { OpenModel } from './model-options.js';
import type { Progress } from './progress.js';

/** The part of a model or of a chat that answers as a stream. */
export type Streams = Pick<QwenVL, 'stream'>;

/** Streams an answer to stdout as it comes and returns it whole. */
export async function showAnswer(
  streams: Streams,
  messages: readonly Message[],
  options: ChatOptions & { readonly progress?: Progress } = {},
): Promise<Answer> {
  const { progress, ...chat } = options;
  progress?.start('Reading the prompt');
  for await (const event of streams.stream(messages, chat)) {
    if (event.type === 'prefilled') progress?.clear();
    else if (event.type === 'text') process.stdout.write(event.text);
    else {
      // An answer that is aborted early comes without a word before.
      progress?.clear();
      process.stdout.write('\n');
      return event.answer;
    }
  }
  throw new Error('The stream ended without an answer.');
}

/** How {@link printAnswer} asks and prints. */
export interface PrintOptions extends Pick<ChatOptions, 'constraint' | 'signal'> {
  /** As the command line gives them. */
  readonly options: GenerationOptions & JsonOptions;
  readonly progress: Progress;
}

/** Answers on stdout: as text that streams, with figures on stderr, or as one JSON object. */
export async function printAnswer(
  { model, loadMs }: OpenModel,
  messages: readonly Message[],
  { options, progress, ...asked }: PrintOptions,
): Promise<Answer> {
  const chat = { ...chatOptions(options), ...asked };
  if (options.json) {
    const answer = await model.ask(messages, chat);
    process.stdout.write(`${JSON.stringify(answerJson(answer, loadMs), null, 2)}\n`);
    return answer;
  }
  const answer = await showAnswer(model, messages, { ...chat, progress });
  process.stderr.write(`${summary(answer)}\n`);
  warnWhereCut(answer);
  return answer;
}

/** Says on stderr that an answer was cut off, which its text does not show. */
export function warnWhereCut({ finishReason, tokenIds: { length } }: Answer): void {
  if (finishReason !== 'length') return;
  const tokens = `${length} token${length === 1 ? '' : 's'}`;
  process.stderr.write(`${errColors.yellow('!')} Stopped at ${tokens}; raise --max-new-tokens for more.\n`);
}

/** One line of figures about an answer. */
export function summary(answer: Answer, colors: Colors = errColors): string {
  const { timings, tokenIds, promptTokens, reusedTokens } = answer;
  const { preprocessMs, visionMs, prefillMs, decodeMs } = timings;
  const rate = decodeMs > 0 ? `, ${((tokenIds.length * 1000) / decodeMs).toFixed(1)} tokens/s` : '';
  const reused = reusedTokens > 0 ? ` (${reusedTokens} reused)` : '';
  return colors.dim(
    `preprocess ${ms(preprocessMs)} · vision ${ms(visionMs)} · prefill ${ms(prefillMs)} · decode ${ms(decodeMs)} · ` +
      `${promptTokens} prompt tokens${reused}, ${tokenIds.length} new${rate}`,
  );
}

function ms(value: number): string {
  return value < 1000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(2)} s`;
}
