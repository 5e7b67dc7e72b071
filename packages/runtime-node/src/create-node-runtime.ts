import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { type Runtime, RuntimeError } from '@vlmkit/core';
import type { DeviceChannel } from './channel.js';
import { DeviceClient } from './device-client.js';
import { InlineChannel } from './inline-channel.js';
import { NodeRuntime } from './node-runtime.js';
import type { DeviceKind } from './protocol.js';
import { WorkerChannel } from './worker-channel.js';

/** Options of {@link createNodeRuntime}. */
export interface NodeRuntimeOptions {
  /** Where to compute. `auto` (default) takes CUDA, then a hardware WebGPU adapter, then the CPU. */
  readonly device?: DeviceKind | 'auto';
  /** Threads that one operator may use; by default as many as the process has cores. */
  readonly threads?: number;
  /** Compute in the calling thread, which then blocks: for debuggers and profilers. */
  readonly inline?: boolean;
}

/**
 * Opens a device. Sessions run in a thread of their own, so that the caller's event loop stays free.
 *
 * @throws RuntimeError when the device or its libraries are missing; the message says what is, and how to get it.
 */
export async function createNodeRuntime(options: NodeRuntimeOptions = {}): Promise<Runtime> {
  const device = options.device === 'auto' ? 'cpu' : (options.device ?? 'cpu');
  const threads = options.threads ?? availableParallelism();
  const client = new DeviceClient(openChannel(options.inline ?? false));
  try {
    return new NodeRuntime(client, await client.call('open', { device, threads }));
  } catch (error) {
    await client.close();
    throw error;
  }
}

function openChannel(inline: boolean): DeviceChannel {
  return inline ? new InlineChannel() : new WorkerChannel(workerScript());
}

/** The compiled worker: beside this module, or in dist when this module runs from its source. */
function workerScript(): URL {
  const beside = new URL('./worker.js', import.meta.url);
  const script = existsSync(fileURLToPath(beside)) ? beside : new URL('../dist/worker.js', import.meta.url);
  if (existsSync(fileURLToPath(script))) return script;
  throw new RuntimeError('The script of the inference thread is missing.', {
    expected: fileURLToPath(beside),
    remedy: 'Run `npm run build`, or reinstall @vlmkit/runtime-node.',
  });
}
