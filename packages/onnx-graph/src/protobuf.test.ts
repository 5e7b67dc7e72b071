import { describe, expect, it } from 'vitest';
import { ProtoWriter } from './protobuf.js';

/** One field of a message: its number and its value, a bigint for varints and bytes for everything else. */
type Field = readonly [number: number, value: bigint | Uint8Array];

/** A reader of the wire format, for these tests only. */
function decode(bytes: Uint8Array): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++]!;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const wireType = tag & 7;
    if (wireType === 0) fields.push([tag >> 3, varint()]);
    else {
      const length = wireType === 5 ? 4 : Number(varint());
      fields.push([tag >> 3, bytes.slice(at, at + length)]);
      at += length;
    }
  }
  expect(at).toBe(bytes.length);
  return fields;
}

describe('ProtoWriter', () => {
  it.each([0, 1, 127, 128, 300, 2 ** 31, 2 ** 32 + 7, Number.MAX_SAFE_INTEGER])('writes the varint %i', (value) => {
    expect(decode(new ProtoWriter().varint(3, value).finish())).toEqual([[3, BigInt(value)]]);
  });

  it("writes negative numbers as ten bytes of two's complement", () => {
    const bytes = new ProtoWriter().varint(1, -2).finish();
    expect(bytes).toHaveLength(11);
    expect(BigInt.asIntN(64, decode(bytes)[0]![1] as bigint)).toBe(-2n);
  });

  it.each(['', 'ascii', 'größe', '部屋', '🖼️ picture', '\u{10ffff}'])('writes %j as UTF-8', (text) => {
    const [[, value]] = decode(new ProtoWriter().string(2, text).finish()) as [[number, Uint8Array]];
    expect(Buffer.from(value).toString('utf8')).toBe(text);
  });

  it('writes floats in little-endian order', () => {
    const [[, value]] = decode(new ProtoWriter().float(4, -1.5).finish()) as [[number, Uint8Array]];
    expect(Buffer.from(value).readFloatLE()).toBe(-1.5);
  });

  it('nests messages and packs numbers', () => {
    const inner = new ProtoWriter().packedVarints(1, [1, 200, 70000]).string(2, 'x');
    const bytes = new ProtoWriter().varint(20, 1).message(21, inner).finish();
    const [first, second] = decode(bytes);
    expect(first).toEqual([20, 1n]);
    const [packed, text] = decode(second![1] as Uint8Array);
    expect([...(packed![1] as Uint8Array)]).toEqual([1, 200, 1, 240, 162, 4]);
    expect(Buffer.from(text![1] as Uint8Array).toString()).toBe('x');
  });

  it('tells its length before it is written', () => {
    const writer = new ProtoWriter().string(1, 'name').varint(500, 9);
    expect(writer.finish()).toHaveLength(writer.length);
  });
});
