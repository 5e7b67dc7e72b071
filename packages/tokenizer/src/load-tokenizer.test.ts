import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createTokenizer, loadTokenizer } from './index.js';
import { splitTokenizerJson } from './split-tokenizer-json.js';

const folder = new URL('../../../packages/demo-model/checkpoint/', import.meta.url);
const text = readFileSync(new URL('tokenizer.json', folder), 'utf8');
const json = JSON.parse(text) as TokenizerJson;

interface TokenizerJson {
  readonly model: {
    readonly vocab: Readonly<Record<string, number>>;
    readonly merges: readonly (string | readonly [string, string])[];
  };
}

const pairs = json.model.merges.map((merge) => (typeof merge === 'string' ? merge.split(' ') : [...merge]));

describe('splitTokenizerJson', () => {
  it('finds what JSON.parse finds, however the file is written', async () => {
    const escaped = JSON.stringify(json).replace(/[\u0100-\uffff]/g, (character) => {
      return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
    });
    const spaced = { ...json, model: { ...json.model, merges: pairs.map((pair) => pair.join(' ')) } };
    const listed = { ...json, model: { ...json.model, merges: pairs } };
    for (const file of [text, escaped, JSON.stringify(spaced), JSON.stringify(listed, undefined, 1)]) {
      const split = await splitTokenizerJson(file);
      expect(Object.fromEntries(split!.tokens)).toEqual(json.model.vocab);
      expect(split!.merges).toEqual(pairs);
      expect(split!.json).toEqual({
        ...(JSON.parse(file) as object),
        model: { ...(JSON.parse(file) as TokenizerJson).model, vocab: {}, merges: [] },
      });
    }
  });

  it('leaves files of another form to JSON.parse', async () => {
    expect(await splitTokenizerJson('{"model": {"type": "WordLevel"}}')).toBeUndefined();
    expect(await splitTokenizerJson(text.slice(0, text.length / 2))).toBeUndefined();
    expect(await splitTokenizerJson(text.slice(0, -3))).toBeUndefined();
  });
});

describe('loadTokenizer', () => {
  it('loads the tokenizer that createTokenizer makes of the whole file', async () => {
    const loaded = await loadTokenizer(async (name) => {
      return name === 'tokenizer.json' ? text : name === 'tokenizer_config.json' ? '{}' : undefined;
    });
    const whole = createTokenizer({ tokenizerJson: json, tokenizerConfig: {} });
    expect(loaded.vocabularySize).toBe(whole.vocabularySize);
    expect(loaded.specialIds).toEqual(whole.specialIds);
    for (let id = 0; id < whole.vocabularySize; id++) {
      expect(loaded.tokenBytes(id)).toEqual(whole.tokenBytes(id));
      const name = whole.decode([id]);
      expect(loaded.tokenId(name)).toBe(whole.tokenId(name));
    }
    const sample = 'Wörter, 数字 12345, "quotes" \\ and <|im_start|>user\n\n  spaces\t🙂';
    expect(loaded.encode(sample)).toEqual(whole.encode(sample));
  });
});
