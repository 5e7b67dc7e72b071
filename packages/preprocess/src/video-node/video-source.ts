/** A path, a `file:`, `http:`, `https:` or `data:` URL, or the bytes of a file. */
export type NodeVideoSource = string | URL | Uint8Array;
