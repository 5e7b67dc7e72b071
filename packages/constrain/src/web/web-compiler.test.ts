import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { allowedIds, paddedSize, randomWalk, smallTokenizer, stopIds } from '../testing/random-walk.js';
import { createWebConstraintCompiler } from './web-compiler.js';

// A page has a location, by which the library's bundle knows where it came from. Node takes only a file's.
beforeAll(() => {
  vi.stubGlobal('location', { href: 'file:///app/index.js' });
});

afterAll(() => {
  vi.unstubAllGlobals();
});

it('constrains answers with the library loaded as a module', async () => {
  const tokenizer = smallTokenizer();
  const compiler = await createWebConstraintCompiler({ vocabulary: tokenizer, vocabularySize: paddedSize, stopIds });
  const boxes = await compiler.compile('boxes');
  const { finished, text } = await randomWalk(boxes, { tokenizer, seed: 1 });
  expect(finished).toBe(true);
  expect(JSON.parse(text.replace(/```(json\n)?/g, ''))).toBeInstanceOf(Array);
  const state = await compiler.compile(/b/);
  expect(allowedIds(await state.mask())).toEqual([tokenizer.tokenId('b')]);
  await compiler.dispose();
});
