import { join, relative } from 'node:path';
import { samplesPath } from '@vlmkit/demo-model';
import type { Answer, ContentPart } from '@vlmkit/qwen-vl';
import { Command } from 'commander';
import { outColors } from '../colors.js';
import { drawGrounding } from '../draw-grounding.js';
import { type ModelOptions, type OpenModel, withModel, withModelOptions } from '../model-options.js';
import { createProgress } from '../progress.js';
import { showAnswer, summary } from '../show-answer.js';
import { makeFolder, requireWritableFolder, writeWhole } from '../write-whole.js';

/** `vlmkit demo`: what the toolkit does, on the embedded model. */
export function demoCommand(): Command {
  const command = new Command('demo').description('A picture, a box and a clip, answered by the embedded model.');
  return withModelOptions(command.option('-o, --out <dir>', 'folder for the drawn picture', 'out')).action(demo);
}

async function demo({ out, ...options }: ModelOptions & { readonly out: string }): Promise<void> {
  await requireWritableFolder(out);
  const progress = createProgress();
  await withModel({ ...options, progress }, async (open) => {
    const picture = join(samplesPath(), 'shapes2.png');
    const image: ContentPart = { type: 'image', image: picture };
    heading(`A picture: ${shown(picture)}`);
    await ask(open, [image], 'Describe this image.');
    await ask(open, [image], 'How many shapes are there?');

    const located = await ask(open, [image], 'Locate the green triangle, report the bbox coordinates in JSON format.');
    if (located.grounding.length > 0) {
      await makeFolder(out);
      const drawn = join(out, 'demo-grounded.png');
      await writeWhole(drawn, await drawGrounding(picture, located.grounding));
      process.stdout.write(`${outColors.green('✔')} boxes drawn in ${drawn}\n\n`);
    }

    await ask(open, [image], 'How old is the dog?');

    const frames = Array.from({ length: 8 }, (_, i) =>
      join(samplesPath(), 'clip_turn', `${String(i).padStart(3, '0')}.png`),
    );
    heading(`A clip: ${shown(join(samplesPath(), 'clip_turn'))}`);
    const clip: ContentPart = { type: 'video', video: frames, sample_fps: 2 };
    await ask(open, [clip], 'What happens in this video?');
    process.stdout.write(nextSteps);
  });
}

async function ask({ model }: OpenModel, media: readonly ContentPart[], question: string): Promise<Answer> {
  process.stdout.write(`${outColors.bold(question)}\n`);
  const answer = await showAnswer(model, [{ role: 'user', content: [...media, { type: 'text', text: question }] }]);
  process.stdout.write(`${summary(answer, outColors)}\n\n`);
  return answer;
}

function heading(text: string): void {
  process.stdout.write(`\n${outColors.cyan(text)}\n\n`);
}

function shown(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith('..') ? path : short;
}

const nextSteps = `${outColors.cyan('Next')}
  npx vlmkit ask PICTURE "question"                      the embedded model: shapes, short words, short clips
  npx vlmkit chat --model path/to/Qwen2.5-VL-3B-Instruct a real one, from its Hugging Face folder
`;
