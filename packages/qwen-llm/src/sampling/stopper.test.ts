import { PromptError } from '@vlmkit/core';
import { describe, expect, it } from 'vitest';
import { createRandom, nextUint32 } from './random.js';
import { createStopper, type StopOptions, type StopStep } from './stopper.js';

/** Feeds pieces as tokens 0, 1, ... and joins what is shown. */
function run(pieces: readonly string[], options: StopOptions): { text: string; last: StopStep; used: number } {
  const stopper = createStopper(options);
  let text = '';
  for (const [id, piece] of pieces.entries()) {
    const step = stopper.push(id, piece);
    text += step.text;
    if (step.reason !== undefined) return { text, last: step, used: id + 1 };
  }
  const last = stopper.end();
  return { text: text + last.text, last, used: pieces.length };
}

describe('createStopper', () => {
  it('passes text through as it comes when there is nothing to wait for', () => {
    const stopper = createStopper();
    expect(stopper.push(1, 'Hello')).toEqual({ text: 'Hello' });
    expect(stopper.push(1, '')).toEqual({ text: '' });
    expect(stopper.end('!')).toEqual({ text: '!' });
    expect(stopper.end()).toEqual({ text: '' });
  });

  it('ends at a stop id, without its text but with what was held back', () => {
    const stopper = createStopper({ stopIds: [9], stopStrings: ['\n\n'] });
    expect(stopper.push(1, 'a\n')).toEqual({ text: 'a' });
    expect(stopper.push(9, '<|im_end|>')).toEqual({ text: '\n', reason: 'stop' });
    expect(() => stopper.push(1, 'b')).toThrow(PromptError);
  });

  it('takes a single stop string as one, not as its characters', () => {
    expect(run(['a red cir', 'cle'], { stopStrings: 'circle' })).toMatchObject({
      text: 'a red ',
      last: { reason: 'stop', stopString: 'circle' },
    });
    expect(() => createStopper({ stopStrings: '' })).toThrow(/^A stop string is empty/);
    const wrong = [[1], {}, 7] as unknown as readonly string[][];
    for (const stopStrings of wrong)
      expect(() => createStopper({ stopStrings })).toThrow(/not strings\. Expected a str/);
  });

  it('ends at the greatest length, counting every token', () => {
    expect(run(['a', 'b', 'c'], { maxNewTokens: 2 })).toMatchObject({
      text: 'ab',
      used: 2,
      last: { reason: 'length' },
    });
    expect(run(['a', 'EN'], { maxNewTokens: 2, stopStrings: ['END'] })).toMatchObject({ text: 'aEN' });
    expect(run(['a', 'END'], { maxNewTokens: 2, stopStrings: ['END'] }).last.reason).toBe('stop');
  });

  it('finds a stop string over several tokens, and holds back only what may belong to it', () => {
    const stopper = createStopper({ stopStrings: ['</answer>'] });
    expect(stopper.push(0, 'yes </')).toEqual({ text: 'yes ' });
    expect(stopper.push(0, 'a')).toEqual({ text: '' });
    expect(stopper.push(0, 'b')).toEqual({ text: '</ab' });
    expect(stopper.push(0, '<</ans')).toEqual({ text: '<' });
    expect(stopper.push(0, 'wer> more')).toEqual({ text: '', reason: 'stop', stopString: '</answer>' });
  });

  it('takes the stop string that is complete first', () => {
    expect(run(['abc'], { stopStrings: ['abc', 'b'] })).toMatchObject({ text: 'a', last: { stopString: 'b' } });
    expect(run(['xab'], { stopStrings: ['b', 'ab'] })).toMatchObject({ text: 'x', last: { stopString: 'ab' } });
    expect(run(['aab'], { stopStrings: ['aab', 'ab'] })).toMatchObject({ text: '', last: { stopString: 'aab' } });
  });

  it('shows the same text however it is cut', () => {
    const random = createRandom(42);
    const below = (n: number) => nextUint32(random) % n;
    const word = (length: number) => Array.from({ length }, () => 'abc'[below(3)]).join('');
    for (let trial = 0; trial < 400; trial++) {
      const text = word(1 + below(30));
      const stopStrings = Array.from({ length: 1 + below(3) }, () => word(1 + below(4)));
      const pieces: string[] = [];
      for (let rest = text; rest !== ''; ) {
        const length = below(5);
        pieces.push(rest.slice(0, length));
        rest = rest.slice(length);
      }
      const whole = run([text], { stopStrings });
      const characters = run([...text], { stopStrings });
      const cut = run(pieces, { stopStrings });
      expect(cut.text).toBe(whole.text);
      expect(characters.text).toBe(whole.text);
      const found = stopStrings.some((stop) => text.includes(stop));
      expect(whole.last.reason).toBe(found ? 'stop' : undefined);
      if (found) expect(text.startsWith(whole.text + whole.last.stopString)).toBe(true);
      else expect(whole.text).toBe(text);
      expect(stopStrings.some((stop) => whole.text.includes(stop))).toBe(false);
    }
  });

  it('rejects options that make no sense', () => {
    for (const options of [{ stopStrings: [''] }, { maxNewTokens: 0 }, { maxNewTokens: 1.5 }]) {
      expect(() => createStopper(options)).toThrow(PromptError);
    }
  });
});
