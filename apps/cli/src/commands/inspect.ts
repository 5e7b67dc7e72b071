import { encodeSafetensors } from '@vlmkit/checkpoint';
import { checkpointPath } from '@vlmkit/demo-model';
import { Command } from 'commander';
import { filesOfModel, requireDistinct } from '../distinct-paths.js';
import { visionIdHelp } from '../generation-options.js';
import { mediaPaths, requireMedia } from '../media-files.js';
import { readMessages } from '../messages-file.js';
import { type ModelOptions, withModel, withModelOptions } from '../model-options.js';
import { count } from '../option-values.js';
import { createProgress } from '../progress.js';
import { requireWritable, writeWhole } from '../write-whole.js';

interface InspectCommandOptions extends ModelOptions {
  readonly messages: string;
  readonly out: string;
  readonly newTokens: number;
  readonly addVisionId?: boolean;
}

/** `vlmkit inspect`: every stage of one prompt as tensors, to compare with a reference. */
export function inspectCommand(): Command {
  const command = new Command('inspect')
    .description(
      'Run a prompt and write every stage (ids, positions, pixels, embeddings, logits of the last 32 positions) as safetensors.',
    )
    .requiredOption('--messages <file>', 'conversation as JSON, - for standard input; paths in it are relative to it')
    .requiredOption('--out <file>', 'safetensors file to write')
    .option('--new-tokens <n>', 'tokens to generate greedily', count, 0)
    .option('--add-vision-id', visionIdHelp);
  return withModelOptions(command).action(inspect);
}

async function inspect({
  messages: file,
  out,
  newTokens,
  addVisionId,
  ...options
}: InspectCommandOptions): Promise<void> {
  const { messages, baseDirectory } = await readMessages(file);
  await requireMedia(messages, { baseDirectory });
  const read = [
    ...(file === '-' ? [] : [file]),
    ...mediaPaths(messages, baseDirectory),
    ...(await filesOfModel(options.model ?? checkpointPath())),
  ];
  await requireDistinct([{ flag: '--out', path: out }], read);
  await requireWritable(out);
  const progress = createProgress();
  await withModel({ ...options, baseDirectory, progress }, async ({ model }) => {
    progress.start('Running the prompt');
    const stages = await model.inspect(messages, { newTokens, ...(addVisionId && { addVisionId }) });
    await writeWhole(out, encodeSafetensors(stages));
    progress.done(`Wrote ${Object.keys(stages).length} tensors to ${out}`);
    for (const [name, { dtype, dims }] of Object.entries(stages)) {
      process.stdout.write(`${name.padEnd(20)} ${dtype.padEnd(8)} [${dims.join(', ')}]\n`);
    }
  });
}
