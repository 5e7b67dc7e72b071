import { join } from 'node:path';
import { samplesPath } from '@vlmkit/demo-model';
import { expect, it } from 'vitest';
import { runCli } from './testing/run-cli.js';

it('writes no colours to what is no terminal, in a CI either', async () => {
  const image = join(samplesPath(), 'shapes1.png');
  const env = { NO_COLOR: undefined, FORCE_COLOR: undefined, CI: '1' };
  const runs = [
    await runCli(['describe', image, '--device', 'cpu'], { env }),
    await runCli(['describe', 'gone.png'], { env }),
    await runCli(['chat', '--device', 'cpu'], { env, input: '/help\n' }),
  ];
  expect(runs.map(({ code }) => code)).toEqual([0, 1, 0]);
  for (const { stdout, stderr } of runs) {
    expect(stderr).not.toBe('');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what is looked for is one.
    expect(stdout + stderr).not.toMatch(/\u001b\[/);
  }
});
