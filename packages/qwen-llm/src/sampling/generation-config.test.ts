import { ConfigError, PromptError } from '@vlmkit/core';
import { describe, expect, it } from 'vitest';
import { samplingFromGenerationConfig, stopIdsFromGenerationConfig } from './generation-config.js';
import { resolveSampling } from './options.js';

/** The file published with Qwen2.5-VL-3B-Instruct. */
const published = {
  bos_token_id: 151643,
  pad_token_id: 151643,
  do_sample: true,
  eos_token_id: [151645, 151643],
  repetition_penalty: 1.05,
  temperature: 0.000001,
};

describe('samplingFromGenerationConfig', () => {
  it('reads the file, with the reference’s defaults for what it leaves out', () => {
    expect(samplingFromGenerationConfig(published)).toEqual({
      doSample: true,
      temperature: 0.000001,
      topK: 50,
      topP: 1,
      minP: 0,
      repetitionPenalty: 1.05,
    });
    expect(resolveSampling(samplingFromGenerationConfig(undefined)).doSample).toBe(false);
    expect(resolveSampling(samplingFromGenerationConfig({ temperature: 0.5 })).doSample).toBe(false);
  });

  it('lets overrides win, and an override of temperature switch sampling on or off', () => {
    const options = samplingFromGenerationConfig(published, {
      temperature: 0.7,
      topK: 0,
      seed: 5,
      topP: undefined,
    } as object);
    expect(resolveSampling(options)).toMatchObject({
      doSample: true,
      temperature: 0.7,
      topK: 0,
      topP: 1,
      seed: 5,
      repetitionPenalty: 1.05,
    });
    expect(resolveSampling(samplingFromGenerationConfig(published, { temperature: 0 })).doSample).toBe(false);
    expect(resolveSampling(samplingFromGenerationConfig({ do_sample: false }, { temperature: 1 })).doSample).toBe(true);
    expect(resolveSampling(samplingFromGenerationConfig(published, { doSample: false })).doSample).toBe(false);
  });

  it('rejects wrong types and values', () => {
    expect(() => samplingFromGenerationConfig([])).toThrow(ConfigError);
    expect(() => samplingFromGenerationConfig({ top_p: '0.9' })).toThrow(/top_p/);
    expect(() => samplingFromGenerationConfig({ do_sample: 1 })).toThrow(ConfigError);
    expect(() => samplingFromGenerationConfig({}, { topP: 3 })).toThrow(PromptError);
  });
});

describe('stopIdsFromGenerationConfig', () => {
  it('takes one id, a list or none', () => {
    expect(stopIdsFromGenerationConfig(published)).toEqual([151645, 151643]);
    expect(stopIdsFromGenerationConfig({ eos_token_id: 7 })).toEqual([7]);
    expect(stopIdsFromGenerationConfig({ eos_token_id: null })).toEqual([]);
    expect(stopIdsFromGenerationConfig(undefined)).toEqual([]);
    expect(() => stopIdsFromGenerationConfig({ eos_token_id: ['</s>'] })).toThrow(ConfigError);
  });
});
