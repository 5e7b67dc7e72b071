import { type GraphModel, RuntimeError, type WeightFile } from '@vlmkit/core';
import type { DeviceClient } from './device-client.js';

/** Bytes read and sent at a time. */
const sliceBytes = 16 * 2 ** 20;

/** Weights that were made ready for a session. */
export interface StagedWeights {
  /** Folder of the files that onnxruntime maps by itself. */
  readonly directory?: string;
}

/**
 * Makes a graph's weights ready: files in a local folder are left for onnxruntime to map, and all others, and those
 * made in memory, are sent to the device in slices.
 */
export async function stageWeights(
  client: DeviceClient,
  session: number,
  model: GraphModel,
  onProgress: (fraction: number) => void,
): Promise<StagedWeights> {
  const directory = mappedDirectory(model.files);
  const streamed = model.files.filter((file) => file.directory === undefined || file.directory !== directory);
  const total = [...streamed, ...model.inline.map(({ data }) => data)].reduce(
    (sum, { byteLength }) => sum + byteLength,
    0,
  );
  let done = 0;
  const send = async (location: string, offset: number, bytes: Uint8Array<ArrayBuffer>) => {
    done += bytes.byteLength;
    await client.call('fill', { session, location, offset, bytes }, { transfer: [bytes.buffer] });
    onProgress(done / total);
  };
  for (const file of streamed) {
    const { location, byteLength } = file;
    await client.call('reserve', { session, location, byteLength });
    for (let offset = 0; offset < byteLength; offset += sliceBytes) {
      await send(location, offset, await readSlice(model.name, file, offset));
    }
  }
  for (const { location, data } of model.inline) {
    await client.call('reserve', { session, location, byteLength: data.byteLength });
    for (let offset = 0; offset < data.byteLength; offset += sliceBytes) {
      await send(location, offset, data.slice(offset, offset + sliceBytes));
    }
  }
  return directory === undefined ? {} : { directory };
}

async function readSlice(component: string, file: WeightFile, offset: number): Promise<Uint8Array<ArrayBuffer>> {
  const length = Math.min(sliceBytes, file.byteLength - offset);
  const bytes = await file.read(offset, length);
  if (bytes.byteLength === length) return bytes.slice();
  throw new RuntimeError(`The weights of the component "${component}" cannot be read from ${file.location}.`, {
    expected: `${length} bytes at ${offset}`,
    actual: `${bytes.byteLength} bytes`,
    remedy: 'Check that the file is complete.',
  });
}

/** The folder that holds most of the local files: onnxruntime maps from one folder only. */
function mappedDirectory(files: readonly WeightFile[]): string | undefined {
  const bytes = new Map<string, number>();
  for (const { directory, byteLength } of files) {
    if (directory !== undefined) bytes.set(directory, (bytes.get(directory) ?? 0) + byteLength);
  }
  return [...bytes].sort(([, a], [, b]) => b - a)[0]?.[0];
}
