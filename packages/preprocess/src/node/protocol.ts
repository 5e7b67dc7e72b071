import { ConfigError, MediaError, type PixelSize, PromptError, RuntimeError, type VisualSegment } from '@vlmkit/core';
import type { PatchifyOptions } from '../patchify.js';
import type { PreprocessImageOptions } from '../preprocess-image.js';
import type { RgbImage } from '../rgb-image.js';
import type { NodeImageSource, SharpDecoderOptions } from '../sharp/index.js';
import type { CutClip } from '../video/cut-clip.js';

/** A picture to decode. */
export interface PictureFile {
  readonly source: Exclude<NodeImageSource, URL>;
  /** Stands for the source in messages. */
  readonly name?: string | undefined;
  readonly limits: SharpDecoderOptions;
}

/** The kinds of work that a thread does: what each takes and gives. */
export interface PreprocessWork {
  readonly image: {
    readonly input: PictureFile & { readonly options: PreprocessImageOptions };
    readonly output: VisualSegment;
  };
  readonly decode: {
    readonly input: PictureFile;
    readonly output: RgbImage;
  };
  readonly resize: {
    readonly input: { readonly image: RgbImage; readonly size: PixelSize };
    readonly output: RgbImage;
  };
  readonly cutClip: {
    readonly input: { readonly frames: readonly RgbImage[]; readonly options: PatchifyOptions };
    readonly output: CutClip;
  };
}

/** A kind of work and its input. */
export type Job<K extends keyof PreprocessWork = keyof PreprocessWork> = {
  readonly [Kind in K]: { readonly kind: Kind; readonly input: PreprocessWork[Kind]['input'] };
}[K];

/** The memory of arrays, each once, for handing it over. */
export function memoryOf(holders: readonly { readonly data: ArrayBufferView }[]): ArrayBuffer[] {
  return [...new Set(holders.map(({ data }) => data.buffer as ArrayBuffer))];
}

/** What a thread answers. */
export type Answer =
  | { readonly output: PreprocessWork[keyof PreprocessWork]['output'] }
  | { readonly error: PackedError };

/** An error in a form that crosses threads: its class would not. */
export interface PackedError {
  readonly name: string;
  readonly message: string;
  readonly expected: string | undefined;
  readonly actual: string | undefined;
  readonly remedy: string | undefined;
}

const errorClasses = { ConfigError, MediaError, PromptError, RuntimeError } as const;

/** Takes an error apart, for the way between threads. */
export function packError(error: unknown): PackedError {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  const details: Partial<PackedError> = error instanceof Error ? error : {};
  return { name, message, expected: details.expected, actual: details.actual, remedy: details.remedy };
}

/** Makes an error of its former class; what vlmkit did not throw on purpose becomes a RuntimeError. */
export function unpackError({ name, message, ...details }: PackedError): Error {
  const Class = name in errorClasses ? errorClasses[name as keyof typeof errorClasses] : RuntimeError;
  return Object.assign(new Class(message), details);
}
