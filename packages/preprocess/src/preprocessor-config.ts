import { ConfigError } from '@vlmkit/core';
import type { PatchifyOptions } from './patchify.js';

/** How a model wants its pictures: preprocessor_config.json in one form. */
export interface ImagePreprocessorConfig extends PatchifyOptions {
  /** Least area of a resized picture, in pixels. */
  readonly minPixels: number;
  /** Most area of a resized picture, in pixels. */
  readonly maxPixels: number;
}

type JsonObject = Readonly<Record<string, unknown>>;

const fileName = 'preprocessor_config.json';

/**
 * Reads the parsed content of preprocessor_config.json, in the layout of the published checkpoints (`min_pixels`,
 * `max_pixels`) or that of transformers 5 (`size` with `shortest_edge` and `longest_edge`, which are areas too). The
 * content of transformers' processor_config.json will do as well.
 *
 * @throws ConfigError when a field is missing or invalid, or asks for a step other than the model family's own.
 */
export function parseImagePreprocessorConfig(json: unknown): ImagePreprocessorConfig {
  const file = unwrap(json);
  checkSteps(file);
  const size = isObject(file.size) ? file.size : {};
  const minPixels = positive('min_pixels', file.min_pixels ?? size.min_pixels ?? size.shortest_edge);
  const maxPixels = positive('max_pixels', file.max_pixels ?? size.max_pixels ?? size.longest_edge);
  if (minPixels > maxPixels) {
    throw fieldError('min_pixels', { expected: `at most max_pixels (${maxPixels})`, found: minPixels });
  }
  const rescaleFactor = file.rescale_factor ?? undefined;
  return {
    minPixels,
    maxPixels,
    patchSize: integer('patch_size', file.patch_size),
    temporalPatchSize: integer('temporal_patch_size', file.temporal_patch_size),
    mergeSize: integer('merge_size', file.merge_size),
    mean: channels('image_mean', file.image_mean, Number.isFinite),
    std: channels('image_std', file.image_std, (value) => value > 0),
    ...(rescaleFactor !== undefined && { rescaleFactor: positive('rescale_factor', rescaleFactor) }),
  };
}

function unwrap(json: unknown): JsonObject {
  if (!isObject(json)) {
    throw new ConfigError(`${fileName} is not an object.`, {
      expected: 'the parsed JSON of the file',
      actual: describe(json),
    });
  }
  return isObject(json.image_processor) ? json.image_processor : json;
}

/** Refuses files that ask for other steps than resize (bicubic), rescale and normalise. */
function checkSteps(file: JsonObject): void {
  for (const step of ['do_resize', 'do_rescale', 'do_normalize', 'do_convert_rgb']) {
    if (file[step] === false) throw fieldError(step, { expected: 'true', found: false });
  }
  const bicubic = 3;
  const { resample = bicubic } = file;
  if (resample !== bicubic && resample !== null) {
    throw fieldError('resample', { expected: `${bicubic} (bicubic)`, found: resample });
  }
}

function positive(name: string, value: unknown): number {
  if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value;
  throw fieldError(name, { expected: 'a number above 0', found: value });
}

function integer(name: string, value: unknown): number {
  if (Number.isSafeInteger(value) && (value as number) > 0) return value as number;
  throw fieldError(name, { expected: 'a positive integer', found: value });
}

function channels(name: string, value: unknown, accepts: (value: number) => boolean): readonly number[] {
  const valid = Array.isArray(value) && value.length === 3 && value.every((v) => typeof v === 'number' && accepts(v));
  if (valid) return value;
  throw fieldError(name, { expected: 'three numbers, for red, green and blue', found: value });
}

function fieldError(name: string, { expected, found }: { expected: string; found: unknown }): ConfigError {
  const missing = found === undefined || found === null;
  return new ConfigError(`${name} of ${fileName} ${missing ? 'is missing' : 'cannot be used'}.`, {
    expected,
    ...(!missing && { actual: describe(found) }),
    remedy: "Take the file of the model's published folder.",
  });
}

function describe(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
