import { extname } from 'node:path';
import { PromptError } from '@vlmkit/core';
import { toCoco } from '@vlmkit/grounding';
import type { ContentPart, Message } from '@vlmkit/qwen-vl';
import { Command } from 'commander';
import { errColors } from '../colors.js';
import { requireDistinct } from '../distinct-paths.js';
import { drawGrounding, drawnFormat } from '../draw-grounding.js';
import { type GenerationOptions, withGenerationOptions } from '../generation-options.js';
import { type JsonOptions, withJsonOptions } from '../json-options.js';
import { mediaPaths, requireMedia } from '../media-files.js';
import { type ModelOptions, withModel, withModelOptions } from '../model-options.js';
import { withOptions } from '../option-groups.js';
import { imagePart, type PixelOptions, withPixelOptions } from '../pixel-options.js';
import { createProgress } from '../progress.js';
import { requireQuestion } from '../question.js';
import { printAnswer } from '../show-answer.js';
import { requireWritable, writeWhole } from '../write-whole.js';

interface GroundOptions extends ModelOptions, PixelOptions, GenerationOptions, JsonOptions {
  readonly out?: string;
  readonly coco?: string;
}

/** `vlmkit ground IMAGE "what"` */
export function groundCommand(): Command {
  const command = new Command('ground')
    .description('Find things in a picture, and write a copy with boxes around them.')
    .argument('<image>', 'path of the picture')
    .argument('<what>', 'what to find, or a whole question')
    .option(
      '-o, --out <file>',
      'copy to write, .png, .jpg or .webp (default: NAME-grounded.png in the working directory)',
    )
    .option('--coco <file>', 'also write the boxes as a COCO dataset');
  return withOptions(command, withModelOptions, withPixelOptions, withGenerationOptions, withJsonOptions).action(
    ground,
  );
}

async function ground(image: string, what: string, options: GroundOptions): Promise<void> {
  requireQuestion(what, 'Name what to find, e.g. "red circle".');
  const content: ContentPart[] = [imagePart(image, options), { type: 'text', text: groundingQuestion(what) }];
  const messages: Message[] = [{ role: 'user', content }];
  const out = options.out ?? groundedName(image);
  const format = drawnFormat(out);
  await requireMedia(messages);
  const written = [
    { flag: '--out', path: out },
    { flag: '--coco', path: options.coco },
  ];
  await requireDistinct(written, mediaPaths(messages));
  await requireWritable(out);
  await requireWritable(options.coco);
  const progress = createProgress(options);
  await withModel({ ...options, progress }, async (open) => {
    const answer = await printAnswer(open, messages, { options, progress });
    if (answer.grounding.length === 0) {
      throw new PromptError('The answer holds no box.', { remedy: 'Ask for one thing by name, e.g. "red circle".' });
    }
    for (const item of options.json ? [] : answer.grounding) {
      const numbers = item.kind === 'box' ? item.box : item.point;
      process.stdout.write(
        `${item.label || item.kind}: ${item.kind} ${numbers.map((value) => Math.round(value)).join(', ')}\n`,
      );
    }
    await writeWhole(out, await drawGrounding(image, answer.grounding, format));
    process.stderr.write(`${errColors.green('✔')} Wrote ${out}\n`);
    const size = answer.media[0]!.original;
    if (options.coco) {
      await writeWhole(
        options.coco,
        JSON.stringify(toCoco({ images: [{ fileName: image, size }], items: answer.grounding }), null, 2),
      );
      process.stderr.write(`${errColors.green('✔')} Wrote ${options.coco}\n`);
    }
  });
}

/** A thing becomes the question that Qwen2.5-VL was trained on; a whole question stays as it is. */
function groundingQuestion(what: string): string {
  const isQuestion = /[.?!]\s*$|\b(locate|detect|find|point|bbox|where)\b/i.test(what);
  return isQuestion ? what : `Locate the ${what.replace(/^the\s+/i, '')}, report the bbox coordinates in JSON format.`;
}

function groundedName(image: string): string {
  const base =
    image.startsWith('data:') || image.includes('://') ? 'picture' : (image.split(/[\\/]/).at(-1) ?? 'picture');
  return `${base.slice(0, base.length - extname(base).length)}-grounded.png`;
}
