import { describe, expect, it } from 'vitest';
import { requestedSampling, samplingDefaults } from './sampling-defaults.js';

const greedy = { doSample: false, temperature: 1, topK: 50, topP: 0.9, minP: 0, repetitionPenalty: 1.05 };

describe('requestedSampling', () => {
  it('keeps to the checkpoint where nothing is asked for', () => {
    const defaults = samplingDefaults({ ...greedy, eosTokenIds: [] });
    expect(requestedSampling(defaults, {})).toEqual(greedy);
    expect(requestedSampling(defaults, { temperature: undefined, seed: 3 } as object)).toEqual({ ...greedy, seed: 3 });
  });

  it('samples when a temperature is asked for, with the rest of the checkpoint’s settings', () => {
    expect(requestedSampling(greedy, { temperature: 0.7 })).toEqual({ ...greedy, doSample: true, temperature: 0.7 });
    expect(requestedSampling(greedy, { temperature: 0.7, doSample: false }).doSample).toBe(false);
  });

  it('stays greedy when only the choice is narrowed', () => {
    expect(requestedSampling(greedy, { topP: 0.5 })).toEqual({ ...greedy, topP: 0.5 });
  });
});
