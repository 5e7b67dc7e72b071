/** Formats of pictures that decoders are asked to read. */
export type ImageFormat = 'jpeg' | 'png' | 'webp' | 'gif' | 'avif' | 'tiff';

/** What the first bytes of a file say that it is. */
export interface ImageSignature {
  /** The format, when it is one that decoders read. */
  readonly format?: ImageFormat;
  /** `document`: text and whatever else is known to be neither picture nor video. */
  readonly kind: 'picture' | 'video' | 'document' | 'unknown';
  /** For people: `a JPEG picture`, `a PDF document`, `text` ... */
  readonly description: string;
}

/** Formats that decoders read, for messages. */
export const readableFormats = 'a JPEG, PNG, WebP, GIF, AVIF or TIFF picture';

/** Recognises a file by its first bytes, whatever its name says. */
export function imageSignature(bytes: Uint8Array): ImageSignature {
  const head = Array.from(bytes.subarray(0, 64), (byte) => String.fromCharCode(byte)).join('');
  if (head.startsWith('ftyp', 4)) return brandSignature(head);
  const known = signatures.find(({ starts }) => starts.some((start) => head.startsWith(start)));
  if (known) return known.signature;
  if (head.startsWith('RIFF') && head.startsWith('WEBP', 8)) return picture('WebP', 'webp');
  return textSignature(head);
}

interface KnownStart {
  readonly starts: readonly string[];
  readonly signature: ImageSignature;
}

const signatures: readonly KnownStart[] = [
  { starts: ['\xff\xd8\xff'], signature: picture('JPEG', 'jpeg') },
  { starts: ['\x89PNG\r\n\x1a\n'], signature: picture('PNG', 'png') },
  { starts: ['GIF87a', 'GIF89a'], signature: picture('GIF', 'gif') },
  { starts: ['II*\0', 'II+\0', 'MM\0*', 'MM\0+'], signature: picture('TIFF', 'tiff') },
  { starts: ['\x1aE\xdf\xa3'], signature: { kind: 'video', description: 'a video (WebM or Matroska)' } },
  { starts: ['BM'], signature: picture('BMP') },
  { starts: ['\0\0\0\x0cJXL ', '\xff\x0a'], signature: picture('JPEG XL') },
  { starts: ['\0\0\0\x0cjP  ', '\xff\x4f\xff\x51'], signature: picture('JPEG 2000') },
  { starts: ['%PDF-'], signature: document('a PDF document') },
  { starts: ['PK\x03\x04'], signature: document('a ZIP archive or office document') },
];

/** Files of the ISO media family state whom they are for: a main brand at byte 8, compatible ones from byte 16. */
function brandSignature(head: string): ImageSignature {
  const brands = [head.slice(8, 12), ...(head.slice(16).match(/.{4}/gs) ?? [])];
  const has = (...wanted: readonly string[]) => brands.some((brand) => wanted.includes(brand));
  if (has('avif', 'avis')) return { ...picture('AVIF', 'avif'), description: 'an AVIF picture' };
  if (has('heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'mif1')) return picture('HEIC');
  return { kind: 'video', description: 'a video (MP4 or MOV)' };
}

function textSignature(head: string): ImageSignature {
  const text = head.replace(/^\xef\xbb\xbf/, '').trimStart();
  if (/^(<\?xml[^>]*>\s*)?<svg/i.test(text)) return document('an SVG drawing');
  if (/^<(!doctype html|html|head)/i.test(text)) return document('a web page');
  if (/^[\s\x20-\x7e\x80-\xff]+$/.test(text)) return document('text');
  return { kind: 'unknown', description: 'a file of unknown kind' };
}

function picture(name: string, format?: ImageFormat): ImageSignature {
  return { kind: 'picture', description: `a ${name} picture`, ...(format && { format }) };
}

function document(description: string): ImageSignature {
  return { kind: 'document', description };
}
