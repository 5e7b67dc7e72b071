import type { CheckpointFiles } from '../files/checkpoint-files.js';
import { isJsonObject, type JsonObject, readOptionalJson } from '../files/json.js';

/** How a checkpoint wants its pictures and clips, as its files state it. */
export interface Preprocessors {
  /** Absent in text models. */
  readonly preprocessor?: JsonObject;
  readonly videoPreprocessor?: JsonObject;
}

/**
 * Reads preprocessor_config.json and video_preprocessor_config.json. transformers 5 writes neither, but one
 * processor_config.json with both inside; older ones also write a file of that name, without them.
 *
 * @throws ConfigError when a file is not a JSON object.
 */
export async function readPreprocessors(files: CheckpointFiles): Promise<Preprocessors> {
  const [image, video, joint] = await Promise.all([
    readOptionalJson(files, 'preprocessor_config.json'),
    readOptionalJson(files, 'video_preprocessor_config.json'),
    readOptionalJson(files, 'processor_config.json'),
  ]);
  const preprocessor = image ?? objectIn(joint, 'image_processor');
  const videoPreprocessor = video ?? objectIn(joint, 'video_processor');
  return { ...(preprocessor && { preprocessor }), ...(videoPreprocessor && { videoPreprocessor }) };
}

function objectIn(json: JsonObject | undefined, name: string): JsonObject | undefined {
  const value = json?.[name];
  return isJsonObject(value) ? value : undefined;
}
