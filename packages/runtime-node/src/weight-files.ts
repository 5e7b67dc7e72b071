import { realpath } from 'node:fs/promises';
import { dirname, join, parse, relative, sep } from 'node:path';
import {
  type GraphModel,
  type GraphWeight,
  RuntimeError,
  type WeightFile,
  type WeightInfo,
  type WeightPlace,
} from '@vlmkit/core';
import { SpillFile } from './spill-file.js';

/** Bytes read at a time. */
const sliceBytes = 16 * 2 ** 20;

/** Weights that lie in no local file are put inside the model up to this many bytes, and into a file beyond. */
const embedBytes = 16 * 2 ** 20;

/** A model whose weights onnxruntime can find. */
export interface PreparedModel {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Folder that the locations of the weights are relative to. */
  readonly directory: string;
  /** To be called when the session is loaded: frees what need not outlive the loading. */
  loaded(): Promise<void>;
  /** To be called when the session has ended, or was never loaded. */
  dispose(): Promise<void>;
}

/**
 * Points a model's weights at files that onnxruntime maps.
 *
 * onnxruntime 1.30 maps files of one folder only, refuses links that lead out of it (as in a Hub cache), and takes
 * weights from memory only when it takes all of them from there. So locations are resolved and made relative to
 * the deepest folder that holds all files; what lies in no file is embedded when it is small, or written to a file.
 *
 * @throws RuntimeError when a file is missing or a weight lies outside of its file.
 */
export async function prepareModel(model: GraphModel, onProgress: (fraction: number) => void): Promise<PreparedModel> {
  for (const weight of model.weights) checkRange(model.name, weight);
  const paths = await localPaths(model);
  const keys = new WeightKeys();
  const streamed = new Map(
    model.weights.filter((weight) => !isIn(paths, weight)).map((weight) => [keys.of(weight), weight]),
  );
  const streamedBytes = [...streamed.values()].reduce((sum, weight) => sum + lengthOf(weight), 0);
  const spill = streamedBytes > embedBytes ? await SpillFile.create() : undefined;
  try {
    const report = (done: number) => onProgress(done / streamedBytes);
    const places = await store(streamed, { component: model.name, spill, report });
    const directory = commonFolder([...paths.values(), ...(spill ? [spill.path] : [])]);
    const locations = new Map<string, string>();
    /** Worked out once a file: a decoder has hundreds of weights in each. */
    const locationOf = (path: string): string => {
      const known = locations.get(path) ?? relative(directory, path).split(sep).join('/');
      locations.set(path, known);
      return known;
    };
    const bytes = model.encode((weight): WeightPlace => {
      const place = isIn(paths, weight)
        ? { path: paths.get(weight.file)!, offset: weight.offset }
        : places.get(keys.of(weight))!;
      return 'data' in place ? place : { location: locationOf(place.path), offset: place.offset };
    });
    return {
      bytes,
      directory,
      loaded: async () => (process.platform === 'win32' ? undefined : spill?.remove()),
      dispose: async () => spill?.remove(),
    };
  } catch (error) {
    await spill?.remove();
    throw error;
  }
}

function checkRange(component: string, weight: GraphWeight): void {
  if ('data' in weight || weight.offset + weight.byteLength <= weight.file.byteLength) return;
  const { name, offset, byteLength, file } = weight;
  throw new RuntimeError(`The weight "${name}" of the component "${component}" lies outside of its file.`, {
    expected: `at most ${file.byteLength} bytes`,
    actual: `bytes ${offset} to ${offset + byteLength} of "${file.location}"`,
  });
}

/** Real paths of the local files that weights lie in. */
async function localPaths({ name, weights }: GraphModel): Promise<ReadonlyMap<WeightFile, string>> {
  const paths = new Map<WeightFile, string>();
  for (const file of new Set(weights.flatMap((weight) => ('file' in weight ? [weight.file] : [])))) {
    if (file.directory === undefined) continue;
    const path = join(file.directory, file.location);
    try {
      paths.set(file, await realpath(path));
    } catch (cause) {
      throw new RuntimeError(`The component "${name}" cannot be loaded: a weight file is missing.`, {
        expected: path,
        remedy: 'Check that every file of the checkpoint is there and readable.',
        cause,
      });
    }
  }
  return paths;
}

function isIn(paths: ReadonlyMap<WeightFile, string>, weight: GraphWeight): weight is WeightInfo {
  return 'file' in weight && paths.has(weight.file);
}

/** Where a weight was put that lies in no local file. */
type StoredPlace = { readonly path: string; readonly offset: number } | { readonly data: Uint8Array };

interface StoreOptions {
  readonly component: string;
  /** Where to write; into memory when left out. */
  readonly spill: SpillFile | undefined;
  /** Takes the bytes read so far. */
  readonly report: (done: number) => void;
}

/** Reads weights, by key, and puts them into the spill file or into memory. */
async function store(
  weights: ReadonlyMap<string, GraphWeight>,
  { component, spill, report }: StoreOptions,
): Promise<ReadonlyMap<string, StoredPlace>> {
  const places = new Map<string, StoredPlace>();
  let done = 0;
  for (const [key, weight] of weights) {
    const offset = spill?.length ?? 0;
    const pieces: Uint8Array[] = [];
    for await (const piece of slices(component, weight)) {
      if (spill) await spill.append(piece);
      else pieces.push(piece);
      done += piece.byteLength;
      report(done);
    }
    places.set(key, spill ? { path: spill.path, offset } : { data: Buffer.concat(pieces) });
  }
  await spill?.finish();
  return places;
}

/** The bytes of a weight, in slices. */
async function* slices(component: string, weight: GraphWeight): AsyncGenerator<Uint8Array> {
  if ('data' in weight) {
    yield weight.data;
    return;
  }
  const { file, offset, byteLength } = weight;
  for (let done = 0; done < byteLength; done += sliceBytes) {
    const wanted = Math.min(sliceBytes, byteLength - done);
    const bytes = await file.read(offset + done, wanted);
    if (bytes.byteLength !== wanted) {
      throw new RuntimeError(`The weights of the component "${component}" cannot be read from ${file.location}.`, {
        expected: `${wanted} bytes at ${offset + done}`,
        actual: `${bytes.byteLength} bytes`,
        remedy: 'Check that the file is complete.',
      });
    }
    yield bytes;
  }
}

/** Names weights; those of the same bytes get one name, and are read once. */
class WeightKeys {
  /** Not their locations: two checkpoints in memory have a `model.safetensors` each. */
  readonly #files = new Map<WeightFile, number>();

  of(weight: GraphWeight): string {
    if ('data' in weight) return `memory: ${weight.name}`;
    const file = this.#files.get(weight.file) ?? this.#files.size;
    this.#files.set(weight.file, file);
    return `file ${file}: ${weight.offset}+${weight.byteLength}`;
  }
}

function lengthOf(weight: GraphWeight): number {
  return 'data' in weight ? weight.data.byteLength : weight.byteLength;
}

/** The deepest folder that holds all of these files. */
function commonFolder(paths: readonly string[]): string {
  const [first, ...others] = paths;
  if (first === undefined) return '';
  let folder = dirname(first);
  const holds = (path: string) => path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
  while (!others.every(holds)) {
    if (folder === parse(folder).root) {
      throw new RuntimeError('The weights lie on different drives, and onnxruntime maps files of one drive only.', {
        actual: paths.join(', '),
        remedy: 'Put the checkpoint and the folder for temporary files (TEMP) on one drive.',
      });
    }
    folder = dirname(folder);
  }
  return folder;
}
