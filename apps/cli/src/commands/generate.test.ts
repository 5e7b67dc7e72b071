import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { samplesPath } from '@vlmkit/demo-model';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../testing/run-cli.js';

const ask = ['generate', '--device', 'cpu', '--image', join(samplesPath(), 'shapes1.png'), '--prompt', 'What color?'];
let folder: string;
let constrained: readonly string[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vlmkit-generate-'));
  const schema = join(folder, 'schema.json');
  const color = { type: 'string', maxLength: 20 };
  const properties = { color, count: { type: 'integer', maximum: 9, minimum: 0 } };
  await writeFile(schema, JSON.stringify({ type: 'object', properties, required: ['color', 'count'] }));
  constrained = [...ask, '--json-schema', schema];
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('vlmkit generate', () => {
  it('says that an answer was cut off, and fails where it lacks its form', async () => {
    const plain = await runCli([...ask, '--max-new-tokens', '1']);
    expect(plain.stderr).toMatch(/Stopped at 1 token; raise --max-new-tokens/);
    expect(plain.code).toBe(0);
    const cut = await runCli([...constrained, '--max-new-tokens', '3']);
    expect(cut.stdout).toMatch(/^\{"c/);
    expect(cut.stderr).toMatch(/Stopped at 3 tokens.*^error: The answer ends before.*Raise --max-new-tokens/ms);
    expect(cut.code).toBe(1);
    const json = await runCli([...constrained, '--max-new-tokens', '3', '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ finish_reason: 'length' });
    expect([json.code, json.stderr]).toEqual([0, '']);
  });

  it('writes JSON without white space between its parts', async () => {
    const { code, stdout, stderr } = await runCli(constrained);
    expect(stderr).not.toMatch(/Stopped/);
    expect(code).toBe(0);
    expect(stdout).toBe(`${JSON.stringify(JSON.parse(stdout))}\n`);
  });
});
