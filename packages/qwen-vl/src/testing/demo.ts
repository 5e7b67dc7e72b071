import { openCheckpoint } from '@vlmkit/checkpoint';
import { openFolder } from '@vlmkit/checkpoint/node';
import type { Runtime } from '@vlmkit/core';
import { checkpointPath, type DemoSample, readSamples } from '@vlmkit/demo-model';
import { createNodeRuntime } from '@vlmkit/runtime-node';
import { loadQwenVL, type MediaSource, type QwenVL } from '../index.js';
import { createNodeMedia } from '../node/index.js';

/** The demo model on the CPU, with its samples. */
export interface Demo {
  readonly model: QwenVL;
  readonly runtime: Runtime;
  readonly media: MediaSource;
  readonly samples: readonly DemoSample[];
  close(): Promise<void>;
}

/**
 * Loads the demo model.
 *
 * @param wrap lets a test stand between the model and its runtime.
 */
export async function openDemo(wrap: (runtime: Runtime) => Runtime = (runtime) => runtime): Promise<Demo> {
  const checkpoint = await openCheckpoint(await openFolder(checkpointPath()));
  const runtime = await createNodeRuntime({ device: 'cpu', threads: 2 });
  const media = createNodeMedia();
  const model = await loadQwenVL({ checkpoint, runtime: wrap(runtime), media });
  return {
    model,
    runtime,
    media,
    samples: await readSamples(),
    close: async () => {
      await model.dispose();
      await media.dispose();
      await runtime.dispose();
      await checkpoint.close();
    },
  };
}

/** The sample whose last question contains `text`. */
export function sampleAsking(samples: readonly DemoSample[], text: string): DemoSample {
  const found = samples.find(({ turns }) => turns.at(-1)!.question.includes(text));
  if (!found) throw new Error(`No sample asks "${text}".`);
  return found;
}
