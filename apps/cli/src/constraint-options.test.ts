import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PromptError } from '@vlmkit/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isWhole, readConstraint } from './constraint-options.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vlmkit-schema-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function schemaFile(text: string): Promise<string> {
  const path = join(folder, 'schema.json');
  await writeFile(path, text);
  return path;
}

describe('readConstraint', () => {
  it('takes a schema that is an object', async () => {
    const jsonSchema = await schemaFile('{"type": "boolean"}');
    expect(await readConstraint({ jsonSchema })).toEqual({
      type: 'json',
      schema: { type: 'boolean' },
      maxWhitespace: 0,
    });
    expect(await readConstraint({})).toBeUndefined();
  });

  it.each(['"x"', 'true', 'false', 'null', '[]', '1'])('refuses the schema %s', async (text) => {
    const jsonSchema = await schemaFile(text);
    const refused = readConstraint({ jsonSchema });
    await expect(refused).rejects.toBeInstanceOf(PromptError);
    await expect(refused).rejects.toThrow(`The JSON schema ${jsonSchema} is not an object. Expected an object such as`);
    await expect(refused).rejects.toThrow(`Found ${text}.`);
  });

  it('refuses a file that is missing or not JSON', async () => {
    await expect(readConstraint({ jsonSchema: join(folder, 'none.json') })).rejects.toThrow(
      /none\.json cannot be read/,
    );
    await expect(readConstraint({ jsonSchema: await schemaFile('{"type"') })).rejects.toThrow(
      /schema\.json is not JSON/,
    );
  });
});

it('isWhole tells a whole answer from a beginning', () => {
  expect(isWhole('{"a":1}', { jsonSchema: 's.json' })).toBe(true);
  expect(isWhole('{"a":', { jsonSchema: 's.json' })).toBe(false);
  expect(isWhole('[{"bbox_2d":', { boxes: true })).toBe(false);
  expect(isWhole('ab', { regex: 'ab|cde' })).toBe(true);
  expect(isWhole('cd', { regex: 'ab|cde' })).toBe(false);
  expect(isWhole('a@b', { regex: 'a\\@b' })).toBe(true);
  expect(isWhole('anything', {})).toBe(true);
});
