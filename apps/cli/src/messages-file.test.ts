import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readMessages } from './messages-file.js';
import { runCli } from './testing/run-cli.js';

const messages = [{ role: 'user', content: 'Hello!' }];
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vlmkit-messages-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('readMessages', () => {
  it('takes a list, one with a byte order mark, and one in a request', async () => {
    const file = join(folder, 'messages.json');
    for (const text of [JSON.stringify(messages), `\uFEFF${JSON.stringify(messages)}`, JSON.stringify({ messages })]) {
      await writeFile(file, text);
      expect(await readMessages(file)).toEqual({ messages, baseDirectory: folder });
    }
  });

  it('reads standard input', async () => {
    const args = ['generate', '--messages', '-', '--device', 'cpu', '--json'];
    const { code, stdout } = await runCli(args, { input: JSON.stringify(messages) });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ text: expect.stringMatching(/./), images: [] });
    const broken = await runCli(args, { input: '[' });
    expect(broken.stderr).toMatch(/^error: The messages file on standard input is not JSON/);
    expect(broken.code).toBe(1);
  });
});
