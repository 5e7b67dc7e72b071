import type { ChatOptions } from '@vlmkit/qwen-vl';
import type { Command } from 'commander';
import { count, fraction, nonNegativeNumber, positiveInteger, positiveNumber, repeated } from './option-values.js';

/** Options of generation as the command line gives them. */
export interface GenerationOptions {
  readonly maxNewTokens?: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly minP?: number;
  readonly repetitionPenalty?: number;
  readonly seed?: number;
  readonly stop?: readonly string[];
  readonly promptLookup?: boolean;
  readonly addVisionId?: boolean;
}

/** What `--add-vision-id` does. */
export const visionIdHelp = 'number pictures and clips in the prompt: "Picture 1: "';

/** Adds the options of generation to a command. */
export function withGenerationOptions(command: Command): Command {
  return command
    .option(
      '--max-new-tokens <n>',
      'most tokens of the answer (default: what the checkpoint states, or 512)',
      positiveInteger,
    )
    .option('--temperature <x>', '0 for the likeliest token', nonNegativeNumber)
    .option('--top-p <x>', 'probability mass to choose from, 0 for the likeliest token', fraction)
    .option('--top-k <n>', 'tokens to choose from, 0 for all', count)
    .option('--min-p <x>', 'least probability relative to the likeliest', fraction)
    .option('--repetition-penalty <x>', '1 for none', positiveNumber)
    .option('--seed <n>', 'makes sampling repeatable', count)
    .option('--stop <text>', 'string that ends the answer; give it again for more', repeated)
    .option('--add-vision-id', visionIdHelp)
    .option('--prompt-lookup', 'guess tokens from earlier text: faster where the answer repeats it');
}

/** The model's options out of the command line's: only what was given, so that the checkpoint's defaults stand. */
export function chatOptions(options: GenerationOptions & { readonly topLogprobs?: number }): ChatOptions {
  const names = [
    'maxNewTokens',
    'temperature',
    'topP',
    'topK',
    'minP',
    'repetitionPenalty',
    'seed',
    'stop',
    'promptLookup',
    'topLogprobs',
    'addVisionId',
  ] as const;
  return Object.fromEntries(names.filter((name) => options[name] !== undefined).map((name) => [name, options[name]]));
}
