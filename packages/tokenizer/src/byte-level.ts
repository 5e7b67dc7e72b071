/*
 * Byte-level BPE (Radford et al., "Language Models are Unsupervised Multitask Learners", 2019, section 2.2) writes every byte as one
 * printable character: printable Latin-1 bytes as themselves, the others as U+0100 and up, in order.
 */

/** The byte behind each character of a byte-level token. */
export function byteOfCharacter(): ReadonlyMap<string, number> {
  const isPrintable = (byte: number) =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
  const bytes = new Map<string, number>();
  let next = 0x100;
  for (let byte = 0; byte < 256; byte++) {
    bytes.set(String.fromCharCode(isPrintable(byte) ? byte : next++), byte);
  }
  return bytes;
}
