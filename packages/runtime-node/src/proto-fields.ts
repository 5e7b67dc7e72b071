/*
 * Reading and rewriting of protobuf messages field by field, for the few messages that a loader must look into.
 * Wire format: https://protobuf.dev/programming-guides/encoding/
 */

/** One field of a message. */
export interface ProtoField {
  readonly number: number;
  /** The field with its tag, as it stands in the message. */
  readonly raw: Uint8Array;
  /** The value of a length-delimited field. */
  readonly bytes: Uint8Array | undefined;
  /** The value of a varint field. */
  readonly varint: number | undefined;
}

/** The fields of a message, in order. @throws RangeError when the bytes are not a message. */
export function* protoFields(message: Uint8Array): Generator<ProtoField> {
  let position = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message[position++];
      if (byte === undefined) throw new RangeError('A protobuf message ends inside a number.');
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (position < message.length) {
    const start = position;
    const tag = varint();
    const wireType = tag & 7;
    const number = Math.floor(tag / 8);
    const value = wireType === 0 ? varint() : undefined;
    const length = wireType === 2 ? varint() : wireType === 1 ? 8 : wireType === 5 ? 4 : 0;
    if (![0, 1, 2, 5].includes(wireType) || position + length > message.length) {
      throw new RangeError(`Field ${number} of a protobuf message reaches past its end.`);
    }
    const bytes = wireType === 2 ? message.subarray(position, position + length) : undefined;
    position += length;
    yield { number, raw: message.subarray(start, position), bytes, varint: value };
  }
}

/** A length-delimited field, in pieces to be joined. */
export function delimited(number: number, ...value: readonly Uint8Array[]): readonly Uint8Array[] {
  const length = value.reduce((sum, { byteLength }) => sum + byteLength, 0);
  return [Uint8Array.from([...encodeVarint(number * 8 + 2), ...encodeVarint(length)]), ...value];
}

/** A length-delimited field that holds text. */
export function textField(number: number, value: string): readonly Uint8Array[] {
  return delimited(number, new TextEncoder().encode(value));
}

/** Joins pieces. */
export function join(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(pieces.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let position = 0;
  for (const piece of pieces) {
    joined.set(piece, position);
    position += piece.byteLength;
  }
  return joined;
}

function encodeVarint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return [...bytes, rest];
}
