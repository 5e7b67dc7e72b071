import type { DeviceProfile, RunOptions, RunResult, Runtime } from '@vlmkit/core';

/** What a wrapped runtime pretends and notes. */
export interface CountingOptions {
  readonly profile?: DeviceProfile;
  /** Called after every run of any session. */
  readonly onRun: (result: RunResult, options: RunOptions) => void;
}

/** A runtime that does what `runtime` does, and tells of every run. Disposing of it is left to the wrapped one. */
export function countingRuntime(runtime: Runtime, { profile = runtime.profile, onRun }: CountingOptions): Runtime {
  return {
    profile,
    createRows: (options) => runtime.createRows(options),
    dispose: async () => undefined,
    createSession: async (...parameters) => {
      const session = await runtime.createSession(...parameters);
      return {
        inputs: session.inputs,
        outputs: session.outputs,
        dispose: () => session.dispose(),
        run: async (feeds, options = {}) => {
          const result = await session.run(feeds, options);
          onRun(result, options);
          return result;
        },
      };
    },
  };
}
