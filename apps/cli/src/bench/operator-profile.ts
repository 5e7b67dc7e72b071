import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Runtime } from '@vlmkit/core';

/** Time of one kind of operator in one component. */
export interface OperatorTime {
  /** Name of the component's graph, e.g. `vit`. */
  readonly component: string;
  /** Operator type, e.g. `MatMulNBits`. */
  readonly operator: string;
  readonly ms: number;
  /** Share of the component's time, in 0..1. */
  readonly share: number;
  readonly calls: number;
}

/** Collects onnxruntime's own profiles of every session of a runtime. */
export interface OperatorProfiler {
  /** The runtime with profiling sessions. */
  wrap(runtime: Runtime): Runtime;
  /** Operators by component, slowest first. To be called when the sessions are closed, which is when profiles are written. */
  read(): Promise<readonly OperatorTime[]>;
  /** Deletes what was written. */
  close(): Promise<void>;
}

/** Starts a profiler with a folder of its own. */
export async function createOperatorProfiler(): Promise<OperatorProfiler> {
  const folder = await mkdtemp(join(tmpdir(), 'vlmkit-profile-'));
  return {
    wrap: (runtime) => ({
      profile: runtime.profile,
      createSession: (model, options) =>
        runtime.createSession(model, { ...options, profile: join(folder, model.name) }),
      createRows: (options) => runtime.createRows(options),
      dispose: () => runtime.dispose(),
    }),
    read: async () => {
      const files = await readdir(folder);
      const times = await Promise.all(
        files.map(async (file) => summarise(componentOf(file), await readFile(join(folder, file), 'utf8'))),
      );
      return times.flat();
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

/** `vit_2026-01-01_12-00-00.json` is the profile of `vit`. */
function componentOf(file: string): string {
  return file.replace(/_\d{4}-.*$/, '');
}

interface ProfileEvent {
  readonly cat?: string;
  /** Microseconds. */
  readonly dur?: number;
  readonly args?: { readonly op_name?: string };
}

/** Adds up the events of onnxruntime's trace by operator. Operators around a subgraph are left out: its own nodes are there. */
export function summarise(component: string, trace: string): OperatorTime[] {
  const totals = new Map<string, { us: number; calls: number }>();
  for (const { cat, dur = 0, args } of JSON.parse(trace) as ProfileEvent[]) {
    const operator = args?.op_name;
    if (cat !== 'Node' || !operator || operator === 'Loop' || operator === 'If') continue;
    const total = totals.get(operator) ?? { us: 0, calls: 0 };
    totals.set(operator, { us: total.us + dur, calls: total.calls + 1 });
  }
  const all = [...totals.values()].reduce((sum, { us }) => sum + us, 0);
  return [...totals]
    .map(([operator, { us, calls }]) => ({
      component,
      operator,
      ms: us / 1000,
      share: all === 0 ? 0 : us / all,
      calls,
    }))
    .sort((a, b) => b.ms - a.ms);
}
