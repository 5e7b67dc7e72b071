import { InferenceSession } from 'onnxruntime-node';
import { translateOrtError } from './ort-errors.js';
import type { GraphSignature, LoadRequest, OpenRequest, ValueSignature } from './protocol.js';

/** A graph to load. */
export interface OrtGraph extends Pick<LoadRequest, 'name' | 'bytes' | 'directory' | 'profile'> {
  /** Where results appear: on the device, where it can keep them (default), or on the host. */
  readonly outputs?: 'device' | 'host';
  /** What to say first when the graph cannot be loaded; names the component when left out. */
  readonly failure?: string;
}

/**
 * Loads a graph.
 *
 * What was measured for 1 GiB of float32 weights in 16 square matrices, two cores, on Linux (peak resident memory of
 * the process, of which 60 MiB are Node; seconds to load; time of a run compared with prepacked weights):
 *
 * | weights                                  | prepacked        | not prepacked                   |
 * | ---------------------------------------- | ---------------- | ------------------------------- |
 * | float32, mapped, Gemm or MatMul          | 1,170 MiB, 2-3 s | 1,140 MiB, 0.1 s                |
 * | bfloat16, mapped, Cast folded at load    | 1,170 MiB, 2-3 s | 1,139 MiB, 1 s                  |
 * | float32, given in memory                 | 2,190 MiB, 5 s   | 2,190 MiB, 1.4 s                |
 * | bfloat16, mapped, Cast not folded        | 2,800 MiB, and 40 times slower with one row        |
 *
 * - So weights are always mapped, bfloat16 ones are left to onnxruntime's constant folding, and memory stays at 1.07
 *   times the float32 weights either way: a matrix is unmapped as soon as it is packed.
 * - Without prepacking a run takes as long with 1 or 512 and more rows, 1.15 times as long with 128, and twice as long
 *   with 16. Throughput is worth more than the time to load, so prepacking stays on unless the caller says otherwise.
 * - The CPU arena and session.use_device_allocator_for_initializers make no difference.
 *
 * @throws RuntimeError that names the component and the cause.
 */
export async function createOrtSession(device: OpenRequest, graph: OrtGraph): Promise<InferenceSession> {
  const folder = graph.directory ? { model_external_initializers_file_folder_path: graph.directory } : {};
  const keepsOutputs = device.device === 'webgpu' && graph.outputs !== 'host';
  const options: InferenceSession.SessionOptions = {
    executionProviders: [device.device],
    intraOpNumThreads: device.threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    // Errors are thrown, with all that the log would say.
    logSeverityLevel: 4,
    extra: { session: { ...folder, disable_prepacking: device.prepack ? '0' : '1' } },
    ...(graph.profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: graph.profile }),
    ...(keepsOutputs ? { preferredOutputLocation: 'gpu-buffer' as const } : {}),
  };
  try {
    return await InferenceSession.create(graph.bytes, options);
  } catch (cause) {
    throw translateOrtError(graph.failure ?? `The component "${graph.name}" cannot be loaded`, cause);
  }
}

/** Inputs and outputs of a session. */
export function signatureOf(session: InferenceSession): GraphSignature {
  return { inputs: session.inputMetadata.map(valueSignature), outputs: session.outputMetadata.map(valueSignature) };
}

function valueSignature(value: InferenceSession.ValueMetadata): ValueSignature {
  return value.isTensor
    ? { name: value.name, dtype: value.type, dims: value.shape }
    : { name: value.name, dtype: 'sequence', dims: [] };
}
