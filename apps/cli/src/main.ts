import { readFile } from 'node:fs/promises';
import { VlmkitError } from '@vlmkit/core';
import { Command, CommanderError } from 'commander';
import { errColors } from './colors.js';
import { askCommand } from './commands/ask.js';
import { benchCommand } from './commands/bench.js';
import { chatCommand } from './commands/chat.js';
import { convertCommand } from './commands/convert.js';
import { demoCommand } from './commands/demo.js';
import { describeCommand } from './commands/describe.js';
import { generateCommand } from './commands/generate.js';
import { groundCommand } from './commands/ground.js';
import { inspectCommand } from './commands/inspect.js';
import { videoCommand } from './commands/video.js';
import { InterruptedError } from './interrupt.js';
import { messageForUser } from './option-names.js';
import { UsageError } from './usage-error.js';

/**
 * Runs the command line.
 *
 * @param argv as `process.argv`.
 * @returns the exit code: 0 when all went well, 1 for an error, 2 for wrong usage, 130 after Ctrl-C.
 */
export async function main(argv: readonly string[]): Promise<number> {
  const manifest = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));
  const program = new Command('vlmkit')
    .description('Run Qwen vision-language models from their Hugging Face folders.')
    .version(manifest.version)
    .showHelpAfterError('(add --help for the options)')
    .exitOverride();
  for (const command of [
    demoCommand,
    describeCommand,
    askCommand,
    groundCommand,
    videoCommand,
    chatCommand,
    generateCommand,
    inspectCommand,
    benchCommand,
    convertCommand,
  ]) {
    program.addCommand(command().exitOverride().showHelpAfterError('(add --help for the options)'));
  }
  try {
    await program.parseAsync(argv);
    return 0;
  } catch (error) {
    return report(
      error,
      program.commands.find((command) => command.name() === argv[2]),
    );
  }
}

/** Errors for people: one message, no stack trace unless VLMKIT_DEBUG is set. */
function report(error: unknown, command: Command | undefined): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof InterruptedError) {
    if (error.message) process.stderr.write(`${error.message}\n`);
    return 130;
  }
  const message = error instanceof Error ? messageForUser(error, command) : String(error);
  process.stderr.write(`${errColors.red('error:')} ${message}\n`);
  if (process.env.VLMKIT_DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  else if (!(error instanceof VlmkitError)) process.stderr.write('Set VLMKIT_DEBUG=1 to see where it happened.\n');
  return error instanceof UsageError ? 2 : 1;
}
