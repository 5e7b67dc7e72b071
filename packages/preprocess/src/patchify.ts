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
  const grid: GridThw = [Math.ceil(frames.length / temporalPatchSize), height / patchSize, width / patchSize];
  const [steps, rows, columns] = grid;
  const planeLength = patchSize * patchSize;
  const patchLength = 3 * temporalPatchSize * planeLength;
  const out = new Float32Array(steps * rows * columns * patchLength);
  const stepLength = rows * columns * patchLength;
  const writer = {
    out,
    patchLength,
    planeLength,
    patchSize,
    mergeSize,
    tables: channelTables(options),
    channelLength: temporalPatchSize * planeLength,
  };
  for (let step = 0; step < steps; step++) {
    const first = step * temporalPatchSize;
    const given = Math.min(temporalPatchSize, frames.length - first);
    for (let t = 0; t < given; t++) {
      const planes = t === given - 1 ? temporalPatchSize - t : 1; // the last frame stands in for those that are missing
      writeFrame(frames[first + t]!, { ...writer, start: step * stepLength + t * planeLength, planes });
    }
  }
  return { patches: tensor('float32', [steps * rows * columns, patchLength], out), grid };
}

/** Where and how one frame is written. */
interface FrameWriter extends Pick<PatchLayout, 'patchSize' | 'mergeSize'> {
  readonly out: Float32Array;
  /** Offset of the frame's first plane in its first patch. */
  readonly start: number;
  /** Consecutive planes that the frame fills, more than one where it is repeated. */
  readonly planes: number;
  /** P * P. */
  readonly planeLength: number;
  /** From one channel's planes to the next one's, T * P * P. */
  readonly channelLength: number;
  /** d. */
  readonly patchLength: number;
  readonly tables: ChannelTables;
}

/** [256] each: the normalised value of every 8-bit value. */
type ChannelTables = readonly [red: Float32Array, green: Float32Array, blue: Float32Array];

function channelTables(normalization: Normalization): ChannelTables {
  const table = normalizationTable(normalization);
  return [table.subarray(0, 256), table.subarray(256, 512), table.subarray(512)];
}

/** Writes one frame into the planes of its patches. */
function writeFrame(frame: RgbImage, writer: FrameWriter): void {
  const { patchSize, mergeSize, patchLength } = writer;
  const rows = frame.height / patchSize;
  const columns = frame.width / patchSize;
  let to = writer.start;
  for (let blockRow = 0; blockRow < rows; blockRow += mergeSize) {
    for (let blockColumn = 0; blockColumn < columns; blockColumn += mergeSize) {
      for (let row = blockRow; row < blockRow + mergeSize; row++) {
        for (let column = blockColumn; column < blockColumn + mergeSize; column++) {
          writePatch(frame, (row * frame.width + column) * patchSize * 3, to, writer);
          repeatPlanes(to, writer);
          to += patchLength;
        }
      }
    }
  }
}

/** Writes the three planes of the patch whose pixels begin at offset `from`, the first of them at offset `to`. */
function writePatch({ data, width }: RgbImage, from: number, to: number, writer: FrameWriter): void {
  const { out, channelLength, tables, patchSize } = writer;
  const [redValues, greenValues, blueValues] = tables;
  let red = to;
  let green = to + channelLength;
  let blue = to + 2 * channelLength;
  for (let y = 0; y < patchSize; y++) {
    let at = from + y * width * 3;
    for (let x = 0; x < patchSize; x++) {
      out[red++] = redValues[data[at]!]!;
      out[green++] = greenValues[data[at + 1]!]!;
      out[blue++] = blueValues[data[at + 2]!]!;
      at += 3;
    }
  }
}

/** Copies a patch's planes to the frames that they stand in for, while they are at hand. */
function repeatPlanes(to: number, { out, planes, planeLength, channelLength }: FrameWriter): void {
  for (let plane = 1; plane < planes; plane++) {
    for (let channel = 0; channel < 3; channel++) {
      const original = to + channel * channelLength;
      out.copyWithin(original + plane * planeLength, original, original + planeLength);
    }
  }
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
