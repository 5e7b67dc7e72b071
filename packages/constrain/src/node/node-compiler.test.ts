import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { PromptError, RuntimeError } from '@vlmkit/core';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { allowedIds, paddedSize, randomWalk, smallTokenizer, stopIds } from '../testing/random-walk.js';
import { createNodeConstraintCompiler } from './node-compiler.js';

const tokenizer = smallTokenizer();
const options = { vocabulary: tokenizer, vocabularySize: paddedSize, stopIds };

it('constrains answers from a thread of its own', async () => {
  const compiler = await createNodeConstraintCompiler(options);
  const schema = z.object({ count: z.int(), kind: z.enum(['a', 'b']) });
  const states = await Promise.all(
    ['boxes' as const, schema, /[xy]{3}/].map((constraint) => compiler.compile(constraint)),
  );
  const answers = await Promise.all(states.map((state, seed) => randomWalk(state, { tokenizer, seed })));
  expect(answers.map(({ finished }) => finished)).toEqual([true, true, true]);
  JSON.parse(answers[0]!.text.replace(/```(json\n)?/g, ''));
  schema.parse(JSON.parse(answers[1]!.text));
  expect(answers[2]!.text).toMatch(/^[xy]{3}$/);
  await compiler.dispose();
});

it('agrees with the library about refusals, rollback and errors', async () => {
  const compiler = await createNodeConstraintCompiler(options);
  const refusal = await compiler.compile({ type: 'objekt' }).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(PromptError);
  expect(refusal).toMatchObject({
    actual: expect.stringMatching(/\S/),
    remedy: expect.stringMatching(/^Keep to what the grammar library supports/),
  });
  const state = await compiler.compile(/ab/);
  const [a, b] = [tokenizer.encode('a')[0]!, tokenizer.encode('b')[0]!];
  expect(await state.accept(b)).toBe(false);
  for (const id of [a, b, stopIds[0]!]) expect(await state.accept(id)).toBe(true);
  expect(state.finished).toBe(true);
  await expect(state.mask()).rejects.toThrow(RuntimeError);
  await state.rollback(2);
  expect(state.finished).toBe(false);
  expect(allowedIds(await state.mask())).toEqual([b]);
  state.dispose();
  state.dispose();
  await expect(state.mask()).rejects.toThrow(/disposed/);
  const waiting = compiler.compile('boxes');
  const refused = expect(waiting).rejects.toThrow(RuntimeError);
  await compiler.dispose();
  await refused;
  await expect(compiler.compile('boxes')).rejects.toThrow(RuntimeError);
});

it('fails to open without stop ids', async () => {
  await expect(createNodeConstraintCompiler({ ...options, stopIds: [] })).rejects.toThrow(PromptError);
});

it('starts in a program that is given on the command line', async () => {
  const program = `
    import { createNodeConstraintCompiler } from '@vlmkit/constrain/node';
    const vocabulary = { vocabularySize: 2, tokenBytes: (id) => Uint8Array.of(97 + id), specialIds: new Set([1]) };
    const compiler = await createNodeConstraintCompiler({ vocabulary, stopIds: [1] });
    const state = await compiler.compile(/a/);
    console.log(await state.accept(0));
    await compiler.dispose();`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program]);
  expect(stdout).toBe('true\n');
});
