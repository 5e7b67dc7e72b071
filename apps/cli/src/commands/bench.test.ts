import { describe, expect, it } from 'vitest';
import { runCli } from '../testing/run-cli.js';
import { numberList } from './bench.js';

describe('numberList', () => {
  it('takes whole numbers from the least on, and nothing as none', () => {
    expect(numberList(1)('448, 896')).toEqual([448, 896]);
    expect(numberList(0)('0')).toEqual([0]);
    expect(numberList(1)('')).toEqual([]);
    for (const text of ['0', '1,', ',', '1.5', 'x', '-1']) expect(() => numberList(1)(text)).toThrow(/at least 1/);
  });
});

describe('vlmkit bench', () => {
  it('measures the points asked for, and says on stderr where it is', async () => {
    const points = ['--images', '', '--prefill', '8,16', '--depths', '4', '--tokens', '2'];
    const { code, stdout, stderr } = await runCli(['bench', ...points, '--json', '--device', 'cpu']);
    expect(stderr).toMatch(/Measuring/);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      load_ms: expect.any(Number),
      rss_peak_bytes: expect.any(Number),
      vision: [],
      prefill: [8, 16].map((tokens) => ({ tokens, tokens_per_second: expect.any(Number) })),
      decode: [{ depth: 4, tokens_per_second: expect.any(Number) }],
    });
  });

  it('counts patches as the model cuts them', async () => {
    const points = ['--images', '28,112', '--prefill', '', '--depths', ''];
    const { stdout } = await runCli(['bench', ...points, '--json', '--device', 'cpu']);
    expect(JSON.parse(stdout).vision.map(({ patches }: { patches: number }) => patches)).toEqual([4, 64]);
  });

  it('refuses counts that measure nothing', async () => {
    for (const tokens of ['0', '4,5', '']) {
      const { code, stderr } = await runCli(['bench', '--tokens', tokens]);
      expect(stderr).toMatch(/--tokens.*whole number of at least 1/);
      expect(code).toBe(2);
    }
  });
});
