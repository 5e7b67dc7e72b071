import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { samplesPath } from '@vlmkit/demo-model';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from './testing/run-cli.js';

const image = join(samplesPath(), 'shapes1.png');
let folder: string;
let messages: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vlmkit-early-'));
  messages = join(folder, 'messages.json');
  await writeFile(messages, JSON.stringify([{ role: 'user', content: 'Hello!' }]));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the command line', () => {
  it('checks what it can before the model is loaded', async () => {
    const nowhere = join(folder, 'nowhere');
    const broken = join(folder, 'broken-schema.json');
    await writeFile(broken, '{');
    const ask = ['ask', image, 'What is it?'];
    const generate = ['generate', '--prompt', 'Hello!'];
    const cases: readonly (readonly [args: readonly string[], code: number, message: RegExp])[] = [
      [['ask', 'gone.png', 'What is it?'], 1, /gone\.png cannot be read.*no such file/],
      [['chat', '--image', 'gone.png'], 1, /gone\.png cannot be read/],
      [['generate', '--image', image, 'Describe this.'], 1, /Describe this\. cannot be read.*--prompt/],
      [['inspect', '--messages', messages, '--out', join(nowhere, 'x')], 1, /nowhere.x cannot be written/],
      [['ground', image, 'circle', '--out', join(nowhere, 'x.png')], 1, /nowhere.x\.png cannot be written/],
      [['ground', image, 'circle', '--coco', folder], 1, /cannot be written\. Found a folder/],
      [['video', image, 'What?', '--sheet', join(nowhere, 'x.png')], 1, /cannot be written/],
      [[...generate, '--json-schema', broken], 1, /broken-schema\.json is not JSON/],
      [[...generate, '--regex', 'a('], 1, /Unterminated group.*Check its brackets/],
      [[...ask, '--top-p', '2'], 2, /--top-p.*from 0 to 1/],
      [[...ask, '--min-p', '-1'], 2, /--min-p.*from 0 to 1/],
      [[...ask, '--repetition-penalty', '0'], 2, /--repetition-penalty.*above 0/],
      [[...ask, '--stop', ''], 2, /--stop.*at least one character/],
      [[...ask, '--prefill-dtype', 'int8'], 2, /--dtype q4 or --dtype q8/],
      [['video', 'a.mp4', 'What?', '--sheet', join(folder, 'x.bmp')], 2, /x\.bmp cannot be drawn.*Give --sheet/],
      [['video', 'a.mp4', 'What?', '--min-frames', '10', '--max-frames', '4'], 2, /--min-frames is above --max-frames/],
      [['ask', '', 'What is it?'], 1, /The empty path cannot be read/],
      [[...ask, '--seed', '1e20'], 2, /--seed.*whole number/],
    ];
    // A model that cannot be opened: whoever comes to it complains of that.
    for (const [args, code, message] of cases) {
      const result = await runCli([...args, '--model', nowhere]);
      expect(result.stderr).toMatch(message);
      expect([result.code, result.stdout]).toEqual([code, '']);
    }
  });
});
