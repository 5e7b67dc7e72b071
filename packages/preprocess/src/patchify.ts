import { ConfigError, type GridThw, MediaError, type Tensor, tensor } from '@vlmkit/core';
import { type Normalization, normalizationTable } from './normalization.js';
import { checkRgbImage, type RgbImage } from './rgb-image.js';

/*
 * Legend:
 * - t, h, w: temporal steps, rows and columns of patches; p: patches, t * h * w
 * - T: frames of a patch (temporalPatchSize); P: side of a patch in pixels; M: side of a merge block in patches
 * - d: values of a patch, 3 * T * P * P
 *
 *   frames [t * T, h * P, w * P, 3]
 *     └─ seen as [t, T, h/M, M, P, w/M, M, P, 3]
 *          └─ in the order [t, h/M, w/M, M, M, 3, T, P, P] ─► patches [p, d]
 */

/** How frames are cut into patches. */
export interface PatchLayout {
  /** P: side of a patch, in pixels. */
  readonly patchSize: number;
  /** T: frames that one patch spans. */
  readonly temporalPatchSize: number;
  /** M: side of the block of patches that becomes one token. */
  readonly mergeSize: number;
}

/** What {@link patchify} is told. */
export interface PatchifyOptions extends PatchLayout, Normalization {}

/** The encoder's input. */
export interface Patches {
  /** [p, d] float32. Each M x M block of patches is contiguous; a patch is [channel, frame, row, column]. */
  readonly patches: Tensor<'float32'>;
  readonly grid: GridThw;
}

/**
 * Normalises frames and cuts them into patches, as Qwen2-VL's image processor does.
 *
 * A single picture is one frame; the last frame is repeated until the count divides by `temporalPatchSize`, so that a
 * picture becomes two equal frames.
 *
 * @throws MediaError when there are no frames, or their sizes differ or are not multiples of patchSize * mergeSize.
 * @throws ConfigError when the layout or the normalisation cannot be used.
 */
export function patchify(frames: readonly RgbImage[], options: PatchifyOptions): Patches {
  const { patchSize, temporalPatchSize, mergeSize } = options;
  const { width, height } = checkFrames(frames, options);
  const table = normalizationTable(options);
  const grid: GridThw = [Math.ceil(frames.length / temporalPatchSize), height / patchSize, width / patchSize];
  const [steps, rows, columns] = grid;
  const planeLength = patchSize * patchSize;
  const patchLength = 3 * temporalPatchSize * planeLength;
  const out = new Float32Array(steps * rows * columns * patchLength);
  const stepLength = rows * columns * patchLength;
  for (let step = 0; step < steps; step++) {
    for (let t = 0; t < temporalPatchSize; t++) {
      const index = Math.min(step * temporalPatchSize + t, frames.length - 1);
      const repeats = t > 0 && index === Math.min(step * temporalPatchSize + t - 1, frames.length - 1);
      const start = step * stepLength + t * planeLength;
      const target = { out, start, patchLength, channelLength: temporalPatchSize * planeLength };
      if (repeats) repeatFrame(target, { planeLength, end: (step + 1) * stepLength });
      else writeFrame(frames[index]!, { ...target, table, patchSize, mergeSize });
    }
  }
  return { patches: tensor('float32', [steps * rows * columns, patchLength], out), grid };
}

interface FrameTarget {
  readonly out: Float32Array;
  /** Offset of the frame's first plane in the first patch. */
  readonly start: number;
  /** d. */
  readonly patchLength: number;
  /** From one channel's plane to the next one's, T * P * P. */
  readonly channelLength: number;
}

interface FrameSource {
  readonly table: Float32Array;
  readonly patchSize: number;
  readonly mergeSize: number;
}

/** Writes one frame into the planes of its patches. */
function writeFrame(frame: RgbImage, target: FrameTarget & FrameSource): void {
  const { patchSize, mergeSize, patchLength } = target;
  const rows = frame.height / patchSize;
  const columns = frame.width / patchSize;
  let to = target.start;
  for (let blockRow = 0; blockRow < rows; blockRow += mergeSize) {
    for (let blockColumn = 0; blockColumn < columns; blockColumn += mergeSize) {
      for (let row = blockRow; row < blockRow + mergeSize; row++) {
        for (let column = blockColumn; column < blockColumn + mergeSize; column++) {
          const from = (row * patchSize * frame.width + column * patchSize) * 3;
          writePatch(frame, from, { ...target, start: to });
          to += patchLength;
        }
      }
    }
  }
}

/** Writes one patch's three planes from the pixels at offset `from`. */
function writePatch({ data, width }: RgbImage, from: number, target: FrameTarget & FrameSource): void {
  const { out, start, channelLength, table, patchSize } = target;
  let red = start;
  let green = start + channelLength;
  let blue = start + 2 * channelLength;
  for (let y = 0; y < patchSize; y++) {
    let at = from + y * width * 3;
    for (let x = 0; x < patchSize; x++) {
      out[red++] = table[data[at]!]!;
      out[green++] = table[256 + data[at + 1]!]!;
      out[blue++] = table[512 + data[at + 2]!]!;
      at += 3;
    }
  }
}

/** Copies the previous frame's planes, which lie right before this one's. */
function repeatFrame(target: FrameTarget, { planeLength, end }: { planeLength: number; end: number }): void {
  const { out, start, channelLength } = target;
  for (let to = start; to < end; to += channelLength) out.copyWithin(to, to - planeLength, to);
}

function checkFrames(frames: readonly RgbImage[], layout: PatchLayout): RgbImage {
  const { patchSize, temporalPatchSize, mergeSize } = layout;
  for (const [name, value] of Object.entries({ patchSize, temporalPatchSize, mergeSize })) {
    if (Number.isSafeInteger(value) && value > 0) continue;
    throw new ConfigError(`${name} cannot be used.`, { expected: 'a positive integer', actual: String(value) });
  }
  const [first] = frames;
  if (!first) throw new MediaError('There is no frame to cut into patches.', { expected: 'at least one frame' });
  for (const frame of frames) {
    checkRgbImage(frame);
    if (frame.width === first.width && frame.height === first.height) continue;
    throw new MediaError('The frames of a clip differ in size.', {
      expected: `${first.width} x ${first.height} pixels, as the first frame`,
      actual: `${frame.width} x ${frame.height}`,
      remedy: 'Resize them to one size first.',
    });
  }
  const factor = patchSize * mergeSize;
  if (first.width % factor === 0 && first.height % factor === 0) return first;
  throw new MediaError(`A frame of ${first.width} x ${first.height} pixels cannot be cut into whole tokens.`, {
    expected: `sides that are multiples of ${factor}`,
    remedy: 'Resize it to the size that smartResize gives.',
  });
}
