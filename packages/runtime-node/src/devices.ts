import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { RuntimeError } from '@vlmkit/core';
import { listSupportedBackends } from 'onnxruntime-node';
import type { DeviceKind } from './protocol.js';

const devices: readonly DeviceKind[] = ['cpu', 'webgpu', 'cuda'];

/** Devices to try for `auto`, best first. The CPU is always last. */
export function candidates(): readonly DeviceKind[] {
  const cuda: readonly DeviceKind[] = missingForCuda().length === 0 ? ['cuda'] : [];
  const webgpu: readonly DeviceKind[] = hasGraphicsCard() ? ['webgpu'] : [];
  return [...cuda, ...webgpu, 'cpu'];
}

/** Throws a RuntimeError that says what a device lacks, when that can be known before it is opened. */
export function assertAvailable(device: DeviceKind): void {
  const known = listSupportedBackends().map(({ name }) => name);
  if (!known.includes(device) && device !== 'cuda') {
    throw new RuntimeError(`onnxruntime-node has no device "${device}" for ${process.platform} on ${process.arch}.`, {
      expected: `auto, ${devices.filter((name) => known.includes(name)).join(', ')}`,
      actual: device,
    });
  }
  const missing = device === 'cuda' ? missingForCuda() : [];
  if (missing.length === 0) return;
  throw new RuntimeError(`CUDA cannot be used: ${missing.map(({ what }) => what).join('; ')}.`, {
    remedy: `${missing.map(({ remedy }) => remedy).join(' ')} Or use device: 'webgpu' or 'cpu'.`,
  });
}

interface Missing {
  readonly what: string;
  readonly remedy: string;
}

/** What CUDA needs and is not there. onnxruntime itself finds out about CUDA's own libraries when it opens the device. */
function missingForCuda(): readonly Missing[] {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return [{ what: 'onnxruntime-node has it for Linux on x64 only', remedy: 'Run on such a machine.' }];
  }
  const missing: Missing[] = [];
  if (!['/dev/nvidia0', '/dev/nvidiactl', '/dev/dxg'].some(existsSync)) {
    missing.push({
      what: 'there is no NVIDIA card (no /dev/nvidia*)',
      remedy: "Install the card's driver; in a container, pass the card through (docker run --gpus all).",
    });
  }
  const provider = join(bindingFolder(), 'libonnxruntime_providers_cuda.so');
  if (!existsSync(provider)) {
    missing.push({
      what: `onnxruntime's CUDA library is not installed (${provider})`,
      remedy: 'Run `npm run setup:cuda`, or install onnxruntime-node with ONNXRUNTIME_NODE_INSTALL=cuda12.',
    });
  }
  return missing;
}

/** The folder of onnxruntime's native libraries. */
function bindingFolder(): string {
  const entry = createRequire(import.meta.url).resolve('onnxruntime-node');
  return join(dirname(entry), '..', 'bin', 'napi-v6', process.platform, process.arch);
}

/** Whether WebGPU would run on hardware: software adapters are slower than the CPU device. */
function hasGraphicsCard(): boolean {
  if (!listSupportedBackends().some(({ name }) => name === 'webgpu')) return false;
  if (process.platform !== 'linux') return true;
  const drivers = process.env.VK_ICD_FILENAMES ?? process.env.VK_DRIVER_FILES ?? '';
  if (/swiftshader|lvp_icd/.test(drivers)) return false;
  return existsSync('/dev/nvidia0') || existsSync('/dev/dxg') || hasRenderNode();
}

function hasRenderNode(): boolean {
  try {
    return readdirSync('/dev/dri').some((name) => name.startsWith('renderD'));
  } catch {
    return false;
  }
}
