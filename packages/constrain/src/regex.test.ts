import { PromptError } from '@vlmkit/core';
import { describe, expect, it } from 'vitest';
import { supportedPattern } from './regex.js';

describe('supportedPattern', () => {
  it('leaves most as it is', () => {
    for (const same of [
      '',
      'a(b|ü)*\\.c',
      '[a-z.]{2,3}',
      '[^"\\]\\\\]+x',
      '\\[.'.slice(0, 2),
      '[\\x41-\\u005a]',
      '\\d\\W\\S',
    ]) {
      expect(supportedPattern(same)).toBe(same);
    }
  });

  it('spells out the dot, but not in a class or escaped', () => {
    expect(supportedPattern('.[.]\\..')).toBe('[^\\n\\r][.]\\.[^\\n\\r]');
    expect(supportedPattern('\\[.]')).toBe('\\[[^\\n\\r]]');
  });

  it.each(['[\\s\\S]', '[\\S\\s]', '[\\d\\D]', '[\\W\\w]', '[^]'])(
    'spells out the class of all characters %s',
    (all) => {
      expect(supportedPattern(`${all}{3}`)).toBe('(?:[^\\n]|\\n){3}');
    },
  );

  it('leaves out the anchors of alternatives, and spells out empty ones', () => {
    expect(supportedPattern('^a$|(^b|c$)|\\^\\$[$^]')).toBe('a|(b|c)|\\^\\$[$^]');
    expect(supportedPattern('^$|a||(|b)|')).toBe('(?:)|a|(?:)|((?:)|b)|(?:)');
  });

  it.each(['a)(b', 'red)|(blue', '(a', 'a**', 'a\\', '[a', '\ud83d', 'a^b', '(a$b)'])('rejects %j', (pattern) => {
    expect(() => supportedPattern(pattern)).toThrow(PromptError);
  });

  it.each([
    '[é]',
    '[^é]',
    '[a-ü]',
    '[\\u00e9]',
    '[\\u{1F408}]',
    '[\\xe9]',
    '[\\W]',
    '[^\\S]',
    '[\\p{L}]',
    '[\\s\\Sa-z]',
    'a[]',
  ])('rejects %s', (pattern) => {
    expect(() => supportedPattern(pattern)).toThrow(PromptError);
  });
});
