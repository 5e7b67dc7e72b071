import { realpath } from 'node:fs/promises';
import { dirname, join, parse, relative, sep } from 'node:path';
import { type GraphModel, RuntimeError, type WeightFile } from '@vlmkit/core';
import { type ExternalRange, externalRanges, type Placement, placeExternalData } from './external-data.js';
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
 * @throws RuntimeError when a file is missing or the graph points outside of its files.
 */
export async function prepareModel(model: GraphModel, onProgress: (fraction: number) => void): Promise<PreparedModel> {
  const sources = new Sources(model);
  const ranges = readRanges(model);
  for (const range of ranges) sources.check(range);
  const paths = await sources.paths(ranges);
  const streamed = new Map(ranges.filter(({ location }) => !paths.has(location)).map((range) => [keyOf(range), range]));
  const streamedBytes = [...streamed.values()].reduce((sum, { length }) => sum + length, 0);
  const spill = streamedBytes > embedBytes ? await SpillFile.create() : undefined;
  try {
    const report = (done: number) => onProgress(done / streamedBytes);
    const places = await store([...streamed.values()], { sources, spill, report });
    const directory = commonFolder([...paths.values(), ...(spill ? [spill.path] : [])]);
    const bytes = placeExternalData(model.bytes, (range): Placement => {
      const path = paths.get(range.location);
      const place = path === undefined ? (places.get(keyOf(range)) as StoredPlace) : { path, offset: range.offset };
      if ('data' in place) return place;
      return { location: relative(directory, place.path).split(sep).join('/'), offset: place.offset };
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

function readRanges({ name, bytes }: GraphModel): readonly ExternalRange[] {
  try {
    return externalRanges(bytes);
  } catch (cause) {
    throw new RuntimeError(`The graph of the component "${name}" is not a whole ONNX model.`, { cause });
  }
}

/** Where a range was put that lies in no local file. */
type StoredPlace = { readonly path: string; readonly offset: number } | { readonly data: Uint8Array };

interface StoreOptions {
  readonly sources: Sources;
  /** Where to write; into memory when left out. */
  readonly spill: SpillFile | undefined;
  /** Takes the bytes read so far. */
  readonly report: (done: number) => void;
}

/** Reads ranges and puts them into the spill file or into memory. */
async function store(
  ranges: readonly ExternalRange[],
  { sources, spill, report }: StoreOptions,
): Promise<ReadonlyMap<string, StoredPlace>> {
  const places = new Map<string, StoredPlace>();
  let done = 0;
  for (const range of ranges) {
    const offset = spill?.length ?? 0;
    const pieces: Uint8Array[] = [];
    for await (const piece of sources.read(range)) {
      if (spill) await spill.append(piece);
      else pieces.push(piece);
      done += piece.byteLength;
      report(done);
    }
    places.set(keyOf(range), spill ? { path: spill.path, offset } : { data: Buffer.concat(pieces) });
  }
  await spill?.finish();
  return places;
}

function keyOf({ location, offset, length }: ExternalRange): string {
  return `${offset}+${length}@${location}`;
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

/** The files and memory that a model's weights lie in, by location. */
class Sources {
  readonly #component: string;
  readonly #files: ReadonlyMap<string, WeightFile>;
  readonly #inline: ReadonlyMap<string, Uint8Array>;

  constructor(model: GraphModel) {
    this.#component = model.name;
    this.#files = new Map(model.files.map((file) => [file.location, file]));
    this.#inline = new Map(model.inline.map(({ location, data }) => [location, data]));
  }

  /** Throws a RuntimeError unless the range lies in a known source. */
  check({ name, location, offset, length }: ExternalRange): void {
    const size = this.#files.get(location)?.byteLength ?? this.#inline.get(location)?.byteLength;
    if (size !== undefined && offset + length <= size) return;
    throw new RuntimeError(`The weight "${name}" of the component "${this.#component}" lies outside of its file.`, {
      expected: size === undefined ? `a file "${location}" among the model's files` : `at most ${size} bytes`,
      actual: `bytes ${offset} to ${offset + length} of "${location}"`,
    });
  }

  /** Real paths of the local files that are used, by location. */
  async paths(ranges: readonly ExternalRange[]): Promise<ReadonlyMap<string, string>> {
    const paths = new Map<string, string>();
    for (const location of new Set(ranges.map((range) => range.location))) {
      const directory = this.#files.get(location)?.directory;
      if (directory === undefined) continue;
      try {
        paths.set(location, await realpath(join(directory, location)));
      } catch (cause) {
        throw new RuntimeError(`The component "${this.#component}" cannot be loaded: a weight file is missing.`, {
          expected: join(directory, location),
          remedy: 'Check that every file of the checkpoint is there and readable.',
          cause,
        });
      }
    }
    return paths;
  }

  /** The bytes of a range, in slices. */
  async *read({ location, offset, length }: ExternalRange): AsyncGenerator<Uint8Array> {
    const inline = this.#inline.get(location);
    if (inline) {
      yield inline.subarray(offset, offset + length);
      return;
    }
    const file = this.#files.get(location) as WeightFile;
    for (let done = 0; done < length; done += sliceBytes) {
      const wanted = Math.min(sliceBytes, length - done);
      const bytes = await file.read(offset + done, wanted);
      if (bytes.byteLength !== wanted) {
        throw new RuntimeError(`The weights of the component "${this.#component}" cannot be read from ${location}.`, {
          expected: `${wanted} bytes at ${offset + done}`,
          actual: `${bytes.byteLength} bytes`,
          remedy: 'Check that the file is complete.',
        });
      }
      yield bytes;
    }
  }
}
