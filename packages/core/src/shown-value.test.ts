import { expect, it } from 'vitest';
import { shownValue } from './shown-value.js';

it.each([
  ['0.5', '"0.5"'],
  [0.5, '0.5'],
  [Number.NaN, 'NaN'],
  [undefined, 'undefined'],
  [null, 'null'],
  [2n, '2'],
  [[1, 'a'], '[1,"a"]'],
  [{ type: 'x' }, '{"type":"x"}'],
])('%o is shown as %s', (value, shown) => {
  expect(shownValue(value)).toBe(shown);
});
