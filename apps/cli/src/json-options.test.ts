import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { samplesPath } from '@vlmkit/demo-model';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CliResult, runCli } from './testing/run-cli.js';

const image = join(samplesPath(), 'shapes1.png');
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vlmkit-json-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function json({ code, stdout }: CliResult): Record<string, unknown> {
  expect(code).toBe(0);
  const { timings: _, ...rest } = JSON.parse(stdout) as Record<string, unknown>;
  return rest;
}

describe('--json', () => {
  it('prints what generate prints, for every question', async () => {
    const options = ['--json', '--top-logprobs', '1', '--device', 'cpu'];
    const question = 'Describe this image.';
    const generated = json(await runCli(['generate', '--image', image, '--prompt', question, ...options]));
    expect(generated.logprobs).toHaveLength((generated.token_ids as number[]).length);
    const asked = await runCli(['ask', image, question, ...options]);
    expect(asked.stderr).toBe('');
    expect(json(asked)).toEqual(generated);
    expect(json(await runCli(['describe', image, ...options]))).toEqual(generated);
    const clip = json(await runCli(['video', join(samplesPath(), 'clip_turn'), 'What happens?', ...options]));
    expect(clip).toMatchObject({ text: expect.any(String), videos: [expect.anything()] });
    const out = join(folder, 'grounded.png');
    const found = await runCli(['ground', image, 'red circle', '--out', out, ...options]);
    expect(json(found)).toMatchObject({ boxes: [{ label: 'red circle' }] });
    expect(found.stderr).toContain(`Wrote ${out}`);
  });

  it('is what --top-logprobs needs', async () => {
    const { code, stdout, stderr } = await runCli(['ask', image, 'What?', '--top-logprobs', '2']);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^error: --top-logprobs shows in JSON alone\. Add --json\./);
    expect((await runCli(['chat', '--top-logprobs', '2'])).stderr).toMatch(/unknown option '--top-logprobs'/);
  });
});
