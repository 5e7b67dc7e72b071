import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { chatOptions, withGenerationOptions } from './generation-options.js';

function parse(...args: readonly string[]): Command {
  const command = withGenerationOptions(new Command('ask').argument('<image>').argument('<question>').exitOverride());
  return command.configureOutput({ writeErr: () => undefined }).parse(args, { from: 'user' });
}

describe('withGenerationOptions', () => {
  it('takes one value after --stop, and more of them by repeating it', () => {
    const command = parse('--stop', 'circle', '--stop', 'star', 'a.png', 'What is it?');
    expect(command.args).toEqual(['a.png', 'What is it?']);
    expect(chatOptions(command.opts())).toEqual({ stop: ['circle', 'star'] });
  });
});
