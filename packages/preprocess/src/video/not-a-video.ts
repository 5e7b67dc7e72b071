import { MediaError } from '@vlmkit/core';
import { imageSignature } from '../image-signature.js';

/** Containers that decoders of video read, for messages. */
export const readableContainers = 'an intact MP4, MOV, WebM, Matroska or MPEG-TS file';

/** First bytes of a file that tell what it is. */
export const signatureLength = 64;

/**
 * Refuses what is surely no video by its first bytes. Files of the ISO media family state too little there, and pass.
 *
 * @param head the first {@link signatureLength} bytes, or all of a shorter file
 * @param label names the file in messages
 * @throws MediaError when there are no bytes, or those of a picture or document.
 */
export function requireVideo(head: Uint8Array, label: string): void {
  if (head.length === 0) {
    throw new MediaError(`${label} is empty.`, {
      expected: 'the bytes of a video file',
      actual: '0 bytes',
      remedy: 'Save or download it again.',
    });
  }
  const { kind, description } = imageSignature(head);
  const isoMedia = String.fromCharCode(...head.subarray(4, 8)) === 'ftyp';
  if (isoMedia || kind === 'video' || kind === 'unknown') return;
  throw new MediaError(`${label} cannot be read as a video.`, {
    expected: readableContainers,
    actual: description,
    remedy: kind === 'picture' ? 'Give it as a picture, or as a list of frames.' : 'Give a video file.',
  });
}
