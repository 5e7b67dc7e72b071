import { ConfigError } from '@vlmkit/core';
import { describe, expect, it } from 'vitest';
import { readGenerationConfig } from './generation-config.js';

describe('readGenerationConfig', () => {
  it('reads what a published file states', () => {
    const generation = {
      bos_token_id: 151643,
      pad_token_id: 151643,
      do_sample: true,
      eos_token_id: [151645, 151643],
      repetition_penalty: 1.05,
      temperature: 0.1,
      top_p: 0.001,
      top_k: 1,
    };
    expect(readGenerationConfig(generation, {})).toEqual({
      eosTokenIds: [151645, 151643],
      doSample: true,
      repetitionPenalty: 1.05,
      temperature: 0.1,
      topP: 0.001,
      topK: 1,
      minP: 0,
    });
  });

  it('falls back to config.json, in either layout, when there is no file', () => {
    expect(readGenerationConfig(undefined, { eos_token_id: 7 }).eosTokenIds).toEqual([7]);
    expect(readGenerationConfig(undefined, { text_config: { eos_token_id: [7, 8] } }).eosTokenIds).toEqual([7, 8]);
    expect(readGenerationConfig({ do_sample: false }, { eos_token_id: 7 })).toMatchObject({
      eosTokenIds: [7],
      doSample: false,
      temperature: 1,
      topK: 50,
      topP: 1,
      repetitionPenalty: 1,
    });
  });

  it('has no end-of-text id when none is stated', () => {
    expect(readGenerationConfig(undefined, {}).eosTokenIds).toEqual([]);
  });

  it('names malformed fields and their file', () => {
    expect(() => readGenerationConfig({ top_p: 'high' }, {})).toThrow(ConfigError);
    expect(() => readGenerationConfig({ top_p: 'high' }, {})).toThrow(
      /^top_p of generation_config\.json must be .* "high"/,
    );
    expect(() => readGenerationConfig({ top_p: 7 }, {})).toThrow(
      /^top_p of generation_config\.json must be a number from 0 to 1; found 7/,
    );
    expect(() => readGenerationConfig({ min_p: -1 }, {})).toThrow(/^min_p .* from 0 to 1; found -1/);
    expect(() => readGenerationConfig({ top_k: 1.5 }, {})).toThrow(/^top_k .* an integer of at least 0; found 1\.5/);
    expect(() => readGenerationConfig({}, { text_config: { eos_token_id: 'x' } })).toThrow(
      /^text_config\.eos_token_id of config\.json/,
    );
  });
});
