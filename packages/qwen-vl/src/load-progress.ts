import type { ModelModules, WeightSource } from '@vlmkit/core';

/** Called with what is being loaded and a fraction in 0..1 of the whole. */
export type LoadProgress = (stage: 'vision' | 'language', fraction: number) => void;

/** Loads a module, which tells how far it is. */
export type ModuleLoader = <M>(
  module: LoadedModule,
  load: (onProgress: (fraction: number) => void) => Promise<M>,
) => Promise<M>;

type LoadedModule = 'encoder' | 'inputProjector' | 'backbone';

/** Modules in the order in which they are loaded, and the weights that are theirs. */
const parts = [
  { module: 'encoder', stage: 'vision', owns: (name) => name.startsWith('visual.') && !isMerger(name) },
  { module: 'inputProjector', stage: 'vision', owns: isMerger },
  { module: 'backbone', stage: 'language', owns: (name) => !name.startsWith('visual.') },
] as const satisfies readonly {
  readonly module: LoadedModule;
  readonly stage: Parameters<LoadProgress>[0];
  readonly owns: (name: string) => boolean;
}[];

/**
 * Reports the loading of modules as one: each counts by the bytes of its weights. Fractions never go back.
 *
 * @param own modules that are not loaded.
 */
export function createModuleLoader(
  weights: WeightSource,
  own: Partial<ModelModules>,
  onProgress: LoadProgress | undefined,
): ModuleLoader {
  if (!onProgress) return (_, load) => load(() => undefined);
  const shares = parts.map(({ module, owns }) => (own[module] ? 0 : bytesOf(weights, owns)));
  const total = Math.max(sum(shares), 1);
  let last = { stage: '', whole: 0 };
  return async (module, load) => {
    const index = parts.findIndex((part) => part.module === module);
    const { stage } = parts[index]!;
    const before = sum(shares.slice(0, index));
    const report = (fraction: number) => {
      const whole = (before + shares[index]! * fraction) / total;
      if (whole < last.whole || (whole === last.whole && stage === last.stage)) return;
      last = { stage, whole };
      onProgress(stage, whole);
    };
    report(0);
    const loaded = await load(report);
    report(1);
    return loaded;
  };
}

function isMerger(name: string): boolean {
  return name.startsWith('visual.merger.');
}

function bytesOf(weights: WeightSource, owns: (name: string) => boolean): number {
  return sum(weights.names.filter(owns).map((name) => weights.info(name).byteLength));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
