import { availableParallelism, cpus } from 'node:os';
import { type Runtime, RuntimeError } from '@vlmkit/core';
import { WorkerThread } from '@vlmkit/threads';
import type { DeviceChannel } from './channel.js';
import { DeviceClient } from './device-client.js';
import { assertAvailable, candidates } from './devices.js';
import { InlineChannel } from './inline-channel.js';
import { NodeRuntime } from './node-runtime.js';
import type { DeviceCalls, DeviceKind } from './protocol.js';

/** Options of {@link createNodeRuntime}. */
export interface NodeRuntimeOptions {
  /** Where to compute. `auto` (default) takes CUDA, then a hardware WebGPU adapter, then the CPU. */
  readonly device?: DeviceKind | 'auto' | undefined;
  /** Threads that one operator may use, at most as many as the machine has cores; by default as many as the process has. */
  readonly threads?: number | undefined;
  /**
   * Rearrange weights for the CPU's kernels while loading (default). Without, float weights load at once and are
   * shared between processes, but short inputs of some 8 to 128 rows run up to twice as long.
   */
  readonly prepack?: boolean | undefined;
  /** Compute in the calling thread, which then blocks: for debuggers and profilers. */
  readonly inline?: boolean | undefined;
}

/**
 * Opens a device. Sessions run in a thread of their own, so that the caller's event loop stays free.
 *
 * @throws RuntimeError when the device or its libraries are missing; the message says what is, and how to get it.
 */
export async function createNodeRuntime(options: NodeRuntimeOptions = {}): Promise<Runtime> {
  keepQuiet();
  const device = options.device ?? 'auto';
  if (device !== 'auto') return openDevice(device, options);
  const [first = 'cpu', ...others] = candidates();
  let opened = openDevice(first, options);
  // A device that looks present may still fail to open, for want of a driver's library: then the next one is tried.
  for (const other of others) opened = opened.catch(() => openDevice(other, options));
  return opened;
}

/**
 * onnxruntime reports its use to its makers, from 1.30 on, unless this variable is set before it starts. A thread has a copy
 * of the environment that onnxruntime does not see, so it is set here. Who sets it to 0 wants the reports.
 */
function keepQuiet(): void {
  process.env.ORT_DISABLE_TELEMETRY ??= '1';
}

async function openDevice(device: DeviceKind, options: NodeRuntimeOptions): Promise<Runtime> {
  assertAvailable(device);
  const request = {
    device,
    threads: checkThreads(options.threads ?? availableParallelism()),
    prepack: options.prepack ?? true,
  };
  const client = new DeviceClient(openChannel(options.inline ?? false));
  try {
    return new NodeRuntime(client, await client.call('open', request));
  } catch (error) {
    await client.close();
    throw error;
  }
}

function checkThreads(threads: number): number {
  if (Number.isInteger(threads) && threads > 0)
    return Math.min(threads, Math.max(cpus().length, availableParallelism()));
  throw new RuntimeError('The number of threads is not usable.', {
    expected: 'a whole number from 1',
    actual: String(threads),
  });
}

function openChannel(inline: boolean): DeviceChannel {
  if (inline) return new InlineChannel();
  return new WorkerThread<DeviceCalls>({
    script: new URL('./worker.js', import.meta.url),
    name: 'the inference thread',
    remedy: 'Create a new runtime.',
  });
}
