import type { Command } from 'commander';

/** Adds groups of options to a command, in the order of its help. */
export function withOptions(command: Command, ...groups: readonly ((command: Command) => Command)[]): Command {
  return groups.reduce((extended, add) => add(extended), command);
}
