import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DataType, DeviceProfile, GraphModel, Tensor } from '@vlmkit/core';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';

/** What onnxruntime's CPU provider can do on any processor, as graphs see it. */
export const cpuProfile: DeviceProfile = {
  label: 'cpu',
  attention: 'fused',
  float16: false,
  int8ActivationBits: 7,
  float16Weights: true,
  maxBufferBytes: 2 ** 40,
  deviceOutputs: false,
  kvCache: 'append',
};

/** Outputs of a run, by name. */
export interface CpuResult {
  host<T extends DataType>(name: string, dtype: T): Tensor<T>;
}

/**
 * Runs a graph once with onnxruntime itself: the package under test sits below vlmkit's own runtimes, so its tests
 * cannot use them.
 */
export async function runOnCpu(model: GraphModel, feeds: Readonly<Record<string, Tensor>>): Promise<CpuResult> {
  const folder = await mkdtemp(join(tmpdir(), 'vlmkit-graph-'));
  try {
    for (const file of new Set(model.weights.flatMap((weight) => ('file' in weight ? [weight.file] : [])))) {
      await writeFile(join(folder, file.location), await file.read(0, file.byteLength));
    }
    const session = await InferenceSession.create(model.encode(), {
      intraOpNumThreads: 1,
      logSeverityLevel: 3,
      extra: { session: { model_external_initializers_file_folder_path: folder } },
    });
    const inputs = Object.entries(feeds).map(([name, { dtype, dims, data }]) => [
      name,
      new OrtTensor(dtype as 'float32', data as Float32Array, dims),
    ]);
    const outputs = await session.run(Object.fromEntries(inputs));
    await session.release();
    return { host: (name, dtype) => hostTensor(outputs[name], dtype) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function hostTensor<T extends DataType>(value: OrtTensor | undefined, dtype: T): Tensor<T> {
  if (value?.type !== dtype) throw new Error(`The output is ${value?.type ?? 'missing'}, not ${dtype}.`);
  return { dtype, dims: value.dims, data: value.data as Tensor<T>['data'] };
}
