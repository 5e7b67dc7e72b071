import { Command, InvalidArgumentError } from 'commander';
import { measure } from '../bench/measure.js';
import { createOperatorProfiler, type OperatorTime } from '../bench/operator-profile.js';
import { type ModelOptions, withModel, withModelOptions } from '../model-options.js';
import { positiveInteger } from '../option-values.js';
import { createProgress } from '../progress.js';

interface BenchOptions extends ModelOptions {
  readonly images: readonly number[];
  readonly prefill: readonly number[];
  readonly depths: readonly number[];
  readonly tokens: number;
  readonly json?: boolean;
  readonly profile?: boolean;
}

/** `vlmkit bench`: load, vision, prefill and decode figures of a model on this machine. */
export function benchCommand(): Command {
  const command = new Command('bench')
    .description('Measure loading, vision, prefill and decoding.')
    .option(
      '--images <sides>',
      'sides of square pictures, in pixels, separated by commas; "" for none',
      numberList(1),
      [448],
    )
    .option('--prefill <lengths>', 'prompt lengths, in tokens', numberList(1), [512])
    .option('--depths <lengths>', 'tokens in the cache when decoding starts', numberList(0), [0])
    .option('--tokens <n>', 'tokens to decode at each depth', positiveInteger, 16)
    .option('--profile', 'also print where the time goes, by component and operator')
    .option('--json', 'print JSON instead of a table');
  return withModelOptions(command).action(bench);
}

async function bench({ images, prefill, depths, tokens, json, profile, ...options }: BenchOptions): Promise<void> {
  const progress = createProgress();
  const profiler = profile ? await createOperatorProfiler() : undefined;
  try {
    const measured = await withModel(
      { ...options, progress, ...(profiler && { wrapRuntime: profiler.wrap }) },
      async (open) => {
        progress.start('Measuring');
        const report = await measure(open, { images, prefill, depths, tokens }, (point) => {
          progress.update(`Measuring ${point}`);
        });
        progress.clear();
        return report;
      },
    );
    const operators = await profiler?.read();
    const report = { ...measured, ...(operators && { operators }) };
    process.stdout.write(
      json ? `${JSON.stringify(report, null, 2)}\n` : table(measured) + operatorTable(operators ?? []),
    );
  } finally {
    await profiler?.close();
  }
}

/** Operators that take at least a hundredth of their component's time. */
function operatorTable(operators: readonly OperatorTime[]): string {
  return operators
    .filter(({ share }) => share >= 0.01)
    .map(({ component, operator, ms, share, calls }) => {
      const columns = [component.padEnd(10), operator.padEnd(34), `${ms.toFixed(1)} ms`.padStart(12)];
      return `${columns.join(' ')} ${`${(share * 100).toFixed(0)} %`.padStart(6)}  ${calls} calls\n`;
    })
    .join('');
}

function table(report: Awaited<ReturnType<typeof measure>>): string {
  const rows: readonly (readonly [string, string])[] = [
    ['load', `${report.load_ms.toFixed(0)} ms`],
    ['peak memory', `${(report.rss_peak_bytes / 2 ** 20).toFixed(0)} MiB`],
    ...report.vision.map(({ patches, ms }) => [`vision, ${patches} patches`, `${ms.toFixed(0)} ms`] as const),
    ...report.prefill.map(
      (point) => [`prefill, ${point.tokens} tokens`, `${point.tokens_per_second.toFixed(1)} tokens/s`] as const,
    ),
    ...report.decode.map(
      (point) => [`decode at ${point.depth}`, `${point.tokens_per_second.toFixed(1)} tokens/s`] as const,
    ),
  ];
  return `${rows.map(([name, value]) => `${name.padEnd(28)} ${value}`).join('\n')}\n`;
}

/** Parses whole numbers of at least `least`, separated by commas; nothing is an empty list. */
export function numberList(least: number): (text: string) => readonly number[] {
  return (text) => {
    const parts = text.trim() === '' ? [] : text.split(',');
    const values = parts.map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
    if (values.some((value) => !Number.isSafeInteger(value) || value < least)) {
      throw new InvalidArgumentError(`Give whole numbers of at least ${least}, separated by commas.`);
    }
    return values;
  };
}
