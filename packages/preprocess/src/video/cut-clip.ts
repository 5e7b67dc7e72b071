import { contentKey } from '../content-key.js';
import { type Patches, type PatchifyOptions, patchify } from '../patchify.js';
import type { RgbImage } from '../rgb-image.js';

/** A clip cut into patches. */
export interface CutClip extends Patches {
  /** Identity of the clip by its frames' pixels. */
  readonly key: string;
  /** The frames that were cut, in order. */
  readonly frames: readonly RgbImage[];
}

/**
 * Cuts resized frames into patches, and tells the clip's identity.
 *
 * @throws MediaError and ConfigError as `patchify` does.
 */
export function cutClip(frames: readonly RgbImage[], options: PatchifyOptions): CutClip {
  return { ...patchify(frames, options), key: clipKey(frames), frames };
}

/** A hash over the frames' hashes. */
function clipKey(frames: readonly RgbImage[]): string {
  const keys = frames.map(contentKey).join('');
  return contentKey({ width: frames.length, height: 1, data: Uint8Array.from(keys, (digit) => digit.charCodeAt(0)) });
}
