import { PromptError } from '@vlmkit/core';
import type { ContentPart, Message } from '@vlmkit/qwen-vl';
import { Command } from 'commander';
import { clipPart, withTotalPixels } from '../clip-options.js';
import {
  type ConstraintOptions,
  isWhole,
  readConstraint,
  withConstraint,
  withConstraintOptions,
} from '../constraint-options.js';
import { type GenerationOptions, withGenerationOptions } from '../generation-options.js';
import { InterruptedError, withInterrupt } from '../interrupt.js';
import { type JsonOptions, withJsonOptions } from '../json-options.js';
import { requireMedia } from '../media-files.js';
import { readMessages } from '../messages-file.js';
import { type ModelOptions, withModel, withModelOptions } from '../model-options.js';
import { withOptions } from '../option-groups.js';
import { imagePart, type PixelOptions, withPixelOptions } from '../pixel-options.js';
import { createProgress } from '../progress.js';
import { printAnswer } from '../show-answer.js';
import { UsageError } from '../usage-error.js';

interface GenerateOptions extends ModelOptions, PixelOptions, GenerationOptions, JsonOptions, ConstraintOptions {
  readonly messages?: string;
  readonly image?: readonly string[];
  readonly video?: readonly string[];
  readonly prompt?: string;
  readonly totalPixels?: number;
}

/** `vlmkit generate`: one answer, streamed as text or printed as one JSON object. */
export function generateCommand(): Command {
  const command = new Command('generate')
    .description('Answer a conversation, or a prompt with pictures and clips.')
    .option('--messages <file>', 'conversation as JSON, - for standard input; paths in it are relative to it')
    .option('--image <path...>', 'pictures before the prompt')
    .option('--video <path...>', 'clips before the prompt')
    .option('--prompt <text>', 'what to ask');
  return withOptions(
    command,
    withModelOptions,
    withPixelOptions,
    withTotalPixels,
    withGenerationOptions,
    withJsonOptions,
    withConstraintOptions,
  ).action(generate);
}

async function generate(options: GenerateOptions): Promise<void> {
  const { messages, baseDirectory } = await conversation(options);
  const base = baseDirectory === undefined ? {} : { baseDirectory };
  await requireMedia(messages, {
    ...base,
    remedy: options.messages === undefined ? 'Check the path; a question goes after --prompt.' : 'Check the path.',
  });
  const constraint = await readConstraint(options);
  const progress = createProgress(options);
  await withModel({ ...options, ...base, progress }, async (open) => {
    const ask = (signal: AbortSignal) =>
      withConstraint(constraint, open.model.info, (asked) =>
        printAnswer(open, messages, { ...asked, options, progress, signal }),
      );
    const answer = await withInterrupt(ask);
    // What came before Ctrl-C is printed already.
    if (answer.finishReason === 'abort') throw new InterruptedError('');
    // Readers of --json find it in finish_reason.
    if (options.json || answer.finishReason !== 'length' || isWhole(answer.text, options)) return;
    throw new PromptError('The answer ends before it has the form that was asked for.', {
      actual: `${answer.tokenIds.length} tokens`,
      remedy: 'Raise --max-new-tokens.',
    });
  });
}

interface Asked {
  readonly messages: readonly Message[];
  readonly baseDirectory?: string;
}

async function conversation(options: GenerateOptions): Promise<Asked> {
  const { messages, image = [], video = [], prompt, minPixels, maxPixels, totalPixels } = options;
  const hasParts = image.length > 0 || video.length > 0 || prompt !== undefined;
  const hasLimits = [minPixels, maxPixels, totalPixels].some((limit) => limit !== undefined);
  if (messages !== undefined && (hasParts || hasLimits)) {
    throw new UsageError('--messages already holds the whole conversation.', {
      remedy:
        'Leave out --image, --video, --prompt and limits of pixels, which its parts can state, or leave out --messages.',
    });
  }
  if (messages !== undefined) return readMessages(messages);
  if (!hasParts)
    throw new UsageError('There is nothing to answer.', {
      remedy: 'Pass --messages FILE, or --prompt with --image or --video.',
    });
  if (prompt?.trim() === '') {
    throw new PromptError('The prompt is empty.', {
      remedy: 'Ask a question with --prompt, or leave --prompt out to send pictures and clips alone.',
    });
  }
  const content: ContentPart[] = [
    ...image.map((path) => imagePart(path, options)),
    ...(await Promise.all(video.map((path) => clipPart([path], options)))),
    ...(prompt === undefined ? [] : [{ type: 'text', text: prompt } as const]),
  ];
  return { messages: [{ role: 'user', content }] };
}
