// Asks the embedded model every question of the samples' first conversation through the installed packages.
import assert from 'node:assert/strict';
import { openCheckpoint } from '@vlmkit/checkpoint';
import { openFolder } from '@vlmkit/checkpoint/node';
import { checkpointPath, readSamples, sampleMessages } from '@vlmkit/demo-model';
import { loadQwenVL } from '@vlmkit/qwen-vl';
import { createNodeMedia } from '@vlmkit/qwen-vl/node';
import { createNodeRuntime } from '@vlmkit/runtime-node';

const samples = await readSamples();
const picture = samples.find(({ images }) => images.length > 0);
const clip = samples.find(({ video }) => video);
const runtime = await createNodeRuntime({ device: 'cpu' });
const checkpoint = await openCheckpoint(await openFolder(checkpointPath()));
const model = await loadQwenVL({ checkpoint, runtime, media: createNodeMedia() });
for (const sample of [picture, clip]) {
  const { text } = await model.ask(sampleMessages(sample, 0), { temperature: 0 });
  assert.equal(text, sample.turns[0].answer);
  console.log(`${sample.turns[0].question} ${text}`);
}
await model.dispose();
await runtime.dispose();
await checkpoint.close();
