import { encodeUtf8 } from '@vlmkit/core';

/**
 * Writes protobuf messages: fields in the order they are added, nothing more.
 * Wire format: https://protobuf.dev/programming-guides/encoding/
 */
export class ProtoWriter {
  /** Filled up to {@link length}; grown by doubling, since a decoder's graph is a hundred thousand small writes. */
  #bytes = new Uint8Array(64);
  #length = 0;

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** int32, int64, enum and bool fields. Negative values take ten bytes, as the format demands. */
  varint(field: number, value: number | bigint): this {
    this.#tag(field, 0);
    this.#varint(value);
    return this;
  }

  float(field: number, value: number): this {
    this.#tag(field, 5);
    this.#reserve(4);
    new DataView(this.#bytes.buffer).setFloat32(this.#length, value, true);
    this.#length += 4;
    return this;
  }

  bytes(field: number, value: Uint8Array): this {
    this.#tag(field, 2);
    this.#varint(value.byteLength);
    this.#append(value);
    return this;
  }

  string(field: number, value: string): this {
    this.#tag(field, 2);
    const start = this.#length;
    // Names are ASCII, one byte a character, and written where they belong.
    this.#varint(value.length);
    this.#reserve(value.length);
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i);
      if (code > 0x7f) return this.#otherText(start, value);
      this.#bytes[this.#length++] = code;
    }
    return this;
  }

  /** A message inside this one: written elsewhere before, or by `write` where it belongs. */
  message(field: number, write: ProtoWriter | ProtoMessage): this {
    if (write instanceof ProtoWriter) return this.bytes(field, write.#written());
    this.#tag(field, 2);
    // The length stands in front of what it measures: a byte is left for it, and more room is made where it takes more.
    this.#reserve(1);
    const start = ++this.#length;
    write(this);
    const length = this.#length - start;
    const extra = varintSize(length) - 1;
    this.#reserve(extra);
    if (extra > 0) this.#bytes.copyWithin(start + extra, start, this.#length);
    this.#length = start - 1;
    this.#varint(length);
    this.#length += length;
    return this;
  }

  /** Packed repeated int64. */
  packedVarints(field: number, values: readonly (number | bigint)[]): this {
    return this.message(field, () => {
      for (const value of values) this.#varint(value);
    });
  }

  /** All fields of another message, as if they had been written here. */
  append(message: ProtoWriter): this {
    this.#append(message.#written());
    return this;
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.#written().slice();
  }

  #written(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Text that is not all ASCII, in place of what was written from `start` on. */
  #otherText(start: number, value: string): this {
    const bytes = encodeUtf8(value);
    this.#length = start;
    this.#varint(bytes.byteLength);
    this.#append(bytes);
    return this;
  }

  #tag(field: number, wireType: number): void {
    this.#varint((field << 3) | wireType);
  }

  /** Seven bits a byte, lowest first. */
  #varint(value: number | bigint): void {
    this.#reserve(10);
    if (typeof value === 'bigint' || value < 0 || value > 0x7fffffff) {
      this.#bigVarint(BigInt.asUintN(64, BigInt(value)));
      return;
    }
    let rest = value;
    while (rest > 0x7f) {
      this.#bytes[this.#length++] = (rest & 0x7f) | 0x80;
      rest >>= 7;
    }
    this.#bytes[this.#length++] = rest;
  }

  #bigVarint(value: bigint): void {
    let rest = value;
    while (rest > 0x7fn) {
      this.#bytes[this.#length++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#bytes[this.#length++] = Number(rest);
  }

  #append(chunk: Uint8Array): void {
    this.#reserve(chunk.byteLength);
    this.#bytes.set(chunk, this.#length);
    this.#length += chunk.byteLength;
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.byteLength) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.byteLength * 2));
    grown.set(this.#written());
    this.#bytes = grown;
  }
}

/** Writes the fields of a message. */
export type ProtoMessage = (proto: ProtoWriter) => void;

/** Bytes of a number that is no more than 31 bits. */
function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest > 0x7f; rest >>= 7) size++;
  return size;
}
