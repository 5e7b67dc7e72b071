import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkpointPath } from '@vlmkit/demo-model';

/** Copies the demo model to `folder`, which must not exist. */
export async function copyModel(folder: string): Promise<string> {
  await cp(checkpointPath(), folder, { recursive: true });
  return folder;
}

/** Rewrites a JSON file of a folder. */
export async function editJson(
  folder: string,
  name: string,
  edit: (value: Record<string, unknown>) => void,
): Promise<void> {
  const path = join(folder, name);
  const value = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
  edit(value);
  await writeFile(path, JSON.stringify(value));
}

/** A tensor as a safetensors header states it. */
export interface HeaderEntry {
  dtype: string;
  shape: number[];
  data_offsets: [begin: number, end: number];
}

/** The header of a safetensors file. */
export type Header = Record<string, HeaderEntry>;

/** Rewrites the header of model.safetensors and leaves its data as they are. */
export async function editHeader(folder: string, edit: (header: Header) => void): Promise<void> {
  const { header, data } = await readModel(folder);
  edit(header);
  await writeModel(folder, header, data);
}

/** Removes a tensor from model.safetensors, with its data. */
export async function removeTensor(folder: string, name: string): Promise<void> {
  const { header, data } = await readModel(folder);
  const [begin, end] = header[name]!.data_offsets;
  delete header[name];
  for (const [key, entry] of Object.entries(header)) {
    if (key === '__metadata__' || entry.data_offsets[0] < end) continue;
    entry.data_offsets = [entry.data_offsets[0] - (end - begin), entry.data_offsets[1] - (end - begin)];
  }
  await writeModel(folder, header, Buffer.concat([data.subarray(0, begin), data.subarray(end)]));
}

async function readModel(folder: string): Promise<{ readonly header: Header; readonly data: Buffer }> {
  const bytes = await readFile(join(folder, 'model.safetensors'));
  const length = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + length)) as Header;
  return { header, data: bytes.subarray(8 + length) };
}

async function writeModel(folder: string, header: Header, data: Buffer): Promise<void> {
  const json = Buffer.from(JSON.stringify(header), 'utf8');
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  await writeFile(join(folder, 'model.safetensors'), Buffer.concat([length, json, data]));
}
