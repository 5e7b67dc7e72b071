import { InferenceSession } from 'onnxruntime-node';
import { translateOrtError } from './ort-errors.js';
import type { GraphSignature, LoadRequest, OpenRequest, ValueSignature } from './protocol.js';

/** A weight file whose bytes are in memory. */
export interface MemoryFile {
  readonly path: string;
  readonly data: Uint8Array;
}

/**
 * Loads a graph.
 *
 * @throws RuntimeError that names the component and the cause.
 */
export async function createOrtSession(
  device: OpenRequest,
  graph: LoadRequest,
  files: readonly MemoryFile[],
): Promise<InferenceSession> {
  const session: Record<string, string> = {};
  if (graph.directory !== undefined) session.model_external_initializers_file_folder_path = graph.directory;
  const options: InferenceSession.SessionOptions = {
    executionProviders: [device.device],
    intraOpNumThreads: device.threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    externalData: files,
    extra: { session },
    ...(graph.profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: graph.profile }),
    ...(device.device === 'webgpu' ? { preferredOutputLocation: 'gpu-buffer' as const } : {}),
  };
  try {
    return await InferenceSession.create(graph.bytes, options);
  } catch (cause) {
    throw translateOrtError(`The component "${graph.name}" cannot be loaded`, cause);
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
