import type { Command } from 'commander';
import { count } from './option-values.js';
import { UsageError } from './usage-error.js';

/** How an answer is printed, as the command line gives it. */
export interface JsonOptions {
  readonly json?: boolean;
  readonly topLogprobs?: number;
}

/** Adds the options of an answer as JSON to a command. */
export function withJsonOptions(command: Command): Command {
  return command
    .option('--json', 'print one JSON object instead of the text')
    .option('--top-logprobs <n>', 'with --json: log-probabilities of every token and its n likeliest rivals', count)
    .hook('preAction', () => {
      const { json, topLogprobs } = command.opts<JsonOptions>();
      if (json || topLogprobs === undefined) return;
      throw new UsageError('--top-logprobs shows in JSON alone.', { remedy: 'Add --json.' });
    });
}
