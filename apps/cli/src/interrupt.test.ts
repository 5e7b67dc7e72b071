import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkpointPath } from '@vlmkit/demo-model';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from './testing/run-cli.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vlmkit-interrupt-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

// Windows has no signals: a child is ended at once.
describe.skipIf(process.platform === 'win32')('Ctrl-C', () => {
  // A regular expression that never ends keeps the answer going.
  const endless = ['generate', '--device', 'cpu', '--prompt', 'Hello!', '--regex', '[a-z ]{1900,}'];

  it('keeps what generate has written, and ends with 130', async () => {
    const { code, stdout, stderr } = await runCli(endless, { interruptAt: /^[a-z ]{8}/ });
    expect(stdout).toMatch(/^[a-z ]{8,}\n$/);
    expect(stdout.length).toBeLessThan(1900);
    expect(stderr).not.toMatch(/error/);
    expect(code).toBe(130);
  });

  it('lets convert go on where it stopped', async () => {
    const args = ['convert', checkpointPath(), join(folder, 'q4'), '--threads', '1', '--max-shard-mb', '1'];
    const stopped = await runCli(args, { interruptAt: /Converting/ });
    expect(stopped.stderr).toMatch(/^Interrupted\. Run the same command again to go on where it stopped/m);
    expect(stopped.stderr).not.toMatch(/error/);
    expect(stopped.code).toBe(130);
    expect((await runCli(args)).code).toBe(0);
  });
});
