import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { RuntimeError } from '@vlmkit/core';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { compiledScript } from './worker-script.js';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'vlmkit-scripts-'));
});
afterEach(() => rm(root, { recursive: true }));

async function file(path: string): Promise<URL> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), '');
  return pathToFileURL(join(root, path));
}

const place = (path: string) => pathToFileURL(join(root, path));

it('is the script itself where there is one', async () => {
  const beside = await file('src/package/dist/node/worker.js');
  expect(compiledScript(beside, 'the thread')).toEqual(beside);
  const inline = new URL('data:text/javascript,');
  expect(compiledScript(inline, 'the thread')).toBe(inline);
});

it('lies in dist, at the same place, when the caller runs from src', async () => {
  const compiled = await file('src/package/dist/node/worker.js');
  expect(compiledScript(place('src/package/src/node/worker.js'), 'the thread')).toEqual(compiled);
});

it('says what is missing', () => {
  const script = place('package/src/worker.js');
  expect(() => compiledScript(script, 'the thread')).toThrow(RuntimeError);
  expect(() => compiledScript(script, 'the thread')).toThrow(/script of the thread is missing.*worker\.js.*build/);
});
