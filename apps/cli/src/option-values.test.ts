import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { convertCommand } from './commands/convert.js';
import { withModelOptions } from './model-options.js';
import { count, fraction, positiveNumber } from './option-values.js';

const silent = { writeErr: () => undefined };

describe('numbers', () => {
  it.each([
    [count, ['0', '7'], ['', '-1', '1.5', '1e20', 'x']],
    [fraction, ['0', '0.5', '1'], ['', '-0.1', '1.1', 'x']],
    [positiveNumber, ['0.1', '30'], ['', '0', '-1', 'Infinity', 'x']],
  ] as const)('%o', (parse, good, bad) => {
    for (const text of good) expect(parse(text)).toBe(Number(text));
    for (const text of bad) expect(() => parse(text)).toThrow(/^Give a/);
  });
});

describe('--dtype', () => {
  it('has the spellings of both families in every command', () => {
    const model = (dtype: string) => withModelOptions(new Command()).parse(['--dtype', dtype], { from: 'user' }).opts();
    for (const dtype of ['float16', 'fp16']) expect(model(dtype)).toMatchObject({ dtype: 'float16' });
    const convert = convertCommand().action(() => undefined);
    const converted = (dtype: string) => convert.parse(['in', 'out', '--dtype', dtype], { from: 'user' }).opts();
    for (const dtype of ['float16', 'fp16']) expect(converted(dtype)).toMatchObject({ dtype: 'fp16' });
  });

  it('names its choices', () => {
    const command = withModelOptions(new Command()).exitOverride().configureOutput(silent);
    expect(() => command.parse(['--dtype', 'int3'], { from: 'user' })).toThrow(/float32, fp32, float16, fp16, q8, q4/);
  });
});
