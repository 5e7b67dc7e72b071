import { openCheckpoint } from '@vlmkit/checkpoint';
import { openFolder } from '@vlmkit/checkpoint/node';
import type { Runtime } from '@vlmkit/core';
import { type LoadQwenVLOptions, loadQwenVL } from '../load.js';
import { createNodeMedia } from '../node/index.js';
import type { QwenVL } from '../qwen-vl.js';

/** What a test's model is loaded from. */
export interface LoadModelOptions extends Omit<LoadQwenVLOptions, 'checkpoint' | 'runtime' | 'media'> {
  readonly folder: string;
  readonly runtime: Runtime;
  /** Folder that relative paths in messages start from. */
  readonly baseDirectory?: string;
}

/** A model and the checkpoint that it was loaded from. */
export interface LoadedModel {
  readonly model: QwenVL;
  close(): Promise<void>;
}

/** Loads a checkpoint folder as an application does. */
export async function loadModel({ folder, baseDirectory, ...options }: LoadModelOptions): Promise<LoadedModel> {
  const checkpoint = await openCheckpoint(await openFolder(folder));
  const media = createNodeMedia(baseDirectory === undefined ? {} : { baseDirectory });
  const model = await loadQwenVL({ checkpoint, media, ...options });
  return {
    model,
    close: async () => {
      await model.dispose();
      await media.dispose();
      await checkpoint.close();
    },
  };
}
