import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { smallTokenizer } from './testing/random-walk.js';
import { byteLevelTokens, packVocabulary } from './vocabulary.js';

describe('byteLevelTokens', () => {
  it('writes tokens as the tokenizer’s own file does', () => {
    const path = new URL('../../demo-model/checkpoint/tokenizer.json', import.meta.url);
    const vocabulary: Record<string, number> = JSON.parse(readFileSync(path, 'utf8')).model.vocab;
    const tokens = byteLevelTokens(packVocabulary(smallTokenizer()));
    expect(tokens).toHaveLength(1024);
    const dropped = Object.entries(vocabulary).filter(([token, id]) => tokens[id] !== token);
    // Bytes that no UTF-8 text holds: C0, C1, F5 to FF.
    expect(dropped.map(([token]) => token).join('')).toBe('ÀÁõö÷øùúûüýþÿ');
    for (const [, id] of dropped) expect(tokens[id]).toBe('');
  });

  it('gives every byte a character of its own', () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    const offsets = Uint32Array.from({ length: 257 }, (_, i) => i);
    const tokens = byteLevelTokens({ bytes, offsets });
    expect(new Set(tokens).size).toBe(256);
    expect([0x00, 0x0a, 0x20, 0x41, 0x7f, 0xa0, 0xad, 0xff].map((byte) => tokens[byte])).toEqual([
      'Ā',
      'Ċ',
      'Ġ',
      'A',
      'ġ',
      'ł',
      'Ń',
      'ÿ',
    ]);
  });

  it('leaves special tokens empty', () => {
    const tokenizer = smallTokenizer();
    const tokens = byteLevelTokens(packVocabulary(tokenizer));
    expect(tokenizer.specialIds.size).toBe(14);
    for (const id of tokenizer.specialIds) expect(tokens[id]).toBe('');
    expect(tokens.filter((token) => token === '')).toHaveLength(14 + 13);
  });

  it('packs a part of a vocabulary', () => {
    const tokenizer = smallTokenizer();
    const whole = byteLevelTokens(packVocabulary(tokenizer));
    const parts = [packVocabulary(tokenizer, 0, 300), packVocabulary(tokenizer, 300)];
    expect(parts.flatMap(byteLevelTokens)).toEqual(whole);
  });
});
