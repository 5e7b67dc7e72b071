import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { samplesPath } from './paths.js';

/** One question and what Hugging Face transformers answers with this checkpoint: greedy, float32, wrong answers left in. */
export interface DemoTurn {
  /** The user's text. */
  readonly question: string;
  /** The answer, without special tokens. */
  readonly answer: string;
  /** Token ids of the answer, with the stop token that ended it. */
  readonly output_ids: readonly number[];
  /** Number of prompt tokens before the answer: template, pictures or clip, and earlier turns. */
  readonly prompt_len: number;
}

/** A clip as a folder of frames. */
export interface DemoClip {
  /** Frame files in order, relative to the sample folder. */
  readonly frames: readonly string[];
  /** Frames per second at which the frames were sampled. */
  readonly fps: number;
  /** [height, width] in pixels at which the model sees the frames. */
  readonly resized: readonly [number, number];
}

/** One entry of `samples.json`: pictures or a clip (or neither), and a conversation about them. */
export interface DemoSample {
  /** Picture files in prompt order, relative to the sample folder. */
  readonly images: readonly string[];
  /** [height, width] in pixels that each picture has after preprocessing. */
  readonly resized: readonly (readonly [number, number])[];
  /** The conversation; pictures and clip come first in its first question. */
  readonly turns: readonly DemoTurn[];
  /** The clip, where the sample has one. */
  readonly video?: DemoClip;
  /** Seconds that one temporal patch (two frames) of the clip covers. */
  readonly second_per_grid_ts?: number;
}

/** A part of a user's message, in the form of Qwen's own utilities. */
export type DemoPart =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'image'; readonly image: string }
  | {
      readonly type: 'video';
      readonly video: readonly string[];
      readonly sample_fps: number;
      readonly resized_height: number;
      readonly resized_width: number;
    };

/** A message of a conversation, in the form of Qwen's own utilities. */
export interface DemoMessage {
  readonly role: 'user' | 'assistant';
  readonly content: string | readonly DemoPart[];
}

/**
 * Reads `samples.json`.
 *
 * @throws Node's own file error when the package is incomplete.
 */
export async function readSamples(): Promise<readonly DemoSample[]> {
  return JSON.parse(await readFile(join(samplesPath(), 'samples.json'), 'utf8')) as readonly DemoSample[];
}

/**
 * The conversation of a sample up to the question of one turn, with absolute file paths: what a model must be given to answer it.
 *
 * @param sample - An entry of `readSamples()`.
 * @param turn - Which question to end with; by default the last. Earlier turns carry the reference's answers.
 * @throws RangeError when the sample has no such turn.
 */
export function sampleMessages(sample: DemoSample, turn: number = sample.turns.length - 1): readonly DemoMessage[] {
  if (!Number.isInteger(turn) || turn < 0 || turn >= sample.turns.length) {
    throw new RangeError(`Turn ${turn} is not in the sample. Expected 0 to ${sample.turns.length - 1}.`);
  }
  const folder = samplesPath();
  const media: DemoPart[] = sample.images.map((image) => ({ type: 'image', image: join(folder, image) }));
  if (sample.video) {
    const { frames, fps, resized } = sample.video;
    media.push({
      type: 'video',
      video: frames.map((frame) => join(folder, frame)),
      sample_fps: fps,
      resized_height: resized[0],
      resized_width: resized[1],
    });
  }
  return sample.turns.slice(0, turn + 1).flatMap(({ question, answer }, index): DemoMessage[] => {
    const content: DemoPart[] = [...(index === 0 ? media : []), { type: 'text', text: question }];
    const asked: DemoMessage = { role: 'user', content };
    return index === turn ? [asked] : [asked, { role: 'assistant', content: answer }];
  });
}
