import { type PixelSize, PromptError, type VisualSegment } from '@vlmkit/core';
import { resizedImageSize } from '@vlmkit/preprocess';
import type { ImagePart, MediaFile, PixelLimits, VideoPart } from './content-parts.js';
import type { MediaRequest } from './media.js';
import type { VisionPreprocessing } from './model-info.js';
import { imageOptions } from './part-options.js';

type VisualPart = ImagePart<MediaFile> | VideoPart<MediaFile>;

/** What the size of a picture in tokens depends on beside the picture. */
export interface ContextLimit {
  /** Most tokens of prompt and answer together. */
  readonly contextLength: number;
  readonly vision: VisionPreprocessing;
}

/**
 * A conversation that does not fit.
 *
 * @param actual tokens, in words
 */
export function doesNotFit(contextLength: number, actual: string, remedy: string): PromptError {
  return new PromptError('The conversation does not fit the model.', {
    expected: `at most ${contextLength} tokens, prompt and answer together`,
    actual,
    remedy,
  });
}

/** What to do about a conversation that is too long, with pictures and clips or without. */
export function shorten(segments: readonly VisualSegment[]): string {
  if (segments.length === 0) return 'Ask for fewer new tokens, or shorten the conversation.';
  return 'Ask for fewer new tokens, shorten the conversation, or lower max_pixels (and min_pixels where it is set).';
}

/**
 * Refuses a picture or clip whose own options make it larger than the context, whatever its file holds: enlarged first, it
 * would take gigabytes.
 *
 * @throws PromptError with the tokens that it would have.
 */
export function requireLeastFits(part: VisualPart, { contextLength, vision }: ContextLimit): void {
  const { min_pixels: least = 0, resized_height: height, resized_width: width } = part;
  const sized = height !== undefined && width !== undefined;
  if (sized && part.type === 'video') return; // whose given sizes have bounds of their own
  const { image: config } = vision;
  // A size that is given is that of the result, whatever the picture's own.
  const pixels = sized
    ? area(resizedImageSize({ width: 1, height: 1 }, { config, ...imageOptions(part as ImagePart) }))
    : least;
  const tokens = Math.ceil(pixels / tokenArea(vision)) * leastSteps(part);
  if (tokens <= contextLength) return;
  const option = sized
    ? 'resized_height and resized_width'
    : leastSteps(part) > 1
      ? 'min_pixels or the number of frames'
      : 'min_pixels';
  throw doesNotFit(contextLength, `at least ${tokens} in one ${part.type}`, `Lower ${option}.`);
}

/** A picture whose most is what can be told from what fits, as all above is refused: see {@link requireFits}. */
export function boundedPart(part: ImagePart<MediaFile>, { contextLength, vision }: ContextLimit): ImagePart<MediaFile> {
  // Twice the context, and what the sides of the most elongated pictures lose by being whole tokens.
  const most = (2 * contextLength + 800) * tokenArea(vision);
  return (part.max_pixels ?? vision.image.maxPixels) > most ? { ...part, max_pixels: most } : part;
}

/** @throws PromptError when pictures and clips read so far, of which `part` is the last, fill more than the context. */
export function requireFits(
  part: VisualPart,
  segments: readonly VisualSegment[],
  { contextLength, vision }: ContextLimit,
): void {
  const counts = segments.map(({ grid: [t, h, w] }) => (t * h * w) / vision.image.mergeSize ** 2);
  const last = counts.pop() ?? 0;
  const before = counts.reduce((sum, count) => sum + count, 0);
  if (before + last <= contextLength) return;
  const { original } = segments.at(-1)!;
  // One that was bounded is larger than it shows.
  const whole =
    part.type === 'image'
      ? area(resizedImageSize(original, { config: vision.image, ...imageOptions(part) })) / tokenArea(vision)
      : 0;
  const tokens = before + Math.max(last, whole);
  throw doesNotFit(contextLength, `${tokens} in its pictures and clips so far`, remedyFor(part));
}

/**
 * Counts the tokens of a clip's frames before they are resized.
 *
 * @returns what to call with the size of every frame; it throws a PromptError once they fill more than the context.
 */
export function frameCounter(
  part: VideoPart<MediaFile>,
  { contextLength = Number.POSITIVE_INFINITY, vision }: MediaRequest,
): (size: PixelSize) => void {
  let pixels = 0;
  return (size) => {
    pixels += area(size);
    const tokens = pixels / tokenArea(vision) / vision.image.temporalPatchSize;
    if (tokens > contextLength) {
      throw doesNotFit(contextLength, `over ${Math.floor(tokens)} in one video`, remedyFor(part));
    }
  };
}

function remedyFor({ min_pixels: least, resized_height: height }: PixelLimits): string {
  const option =
    height !== undefined ? 'resized_height and resized_width' : least !== undefined ? 'min_pixels' : 'max_pixels';
  return `Lower ${option}, or show fewer pictures and frames.`;
}

/** Steps of time that a part has at least, as far as it says itself. */
function leastSteps(part: VisualPart): number {
  if (part.type === 'image') return 1;
  // The last frame of a list may fill a step of its own; a number of frames is rounded to an even one.
  const steps = Array.isArray(part.video) ? Math.ceil(part.video.length / 2) : Math.floor((part.nframes ?? 0) / 2);
  return Math.max(1, steps);
}

/** Pixels of one visual token. */
function tokenArea({ image: { patchSize, mergeSize } }: VisionPreprocessing): number {
  return (patchSize * mergeSize) ** 2;
}

function area({ width, height }: PixelSize): number {
  return width * height;
}
