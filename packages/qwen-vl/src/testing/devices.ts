import type { Runtime } from '@vlmkit/core';
import { createNodeRuntime, type NodeRuntimeOptions } from '@vlmkit/runtime-node';

/** A device to repeat tests on. */
export interface TestDevice {
  readonly label: string;
  open(): Promise<Runtime>;
}

/**
 * The CPU, and WebGPU where there is an adapter (`tools/setup-webgpu.sh` brings a software one). The absence of an adapter
 * is said.
 */
export async function testDevices(): Promise<readonly TestDevice[]> {
  const device = (label: string, options: NodeRuntimeOptions): TestDevice => ({
    label,
    open: () => createNodeRuntime({ threads: 2, ...options }),
  });
  const cpu = device('CPU', { device: 'cpu' });
  const webgpu = device('WebGPU', { device: 'webgpu' });
  try {
    await (await webgpu.open()).dispose();
    return [cpu, webgpu];
  } catch (error) {
    console.warn(`WebGPU was not tested: ${error instanceof Error ? error.message : error}`);
    return [cpu];
  }
}
