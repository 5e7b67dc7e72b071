import { delimited, join, type ProtoField, protoFields, textField } from './proto-fields.js';

/*
 * Where a model's initializers lie (onnx.proto3):
 *
 *   ModelProto.graph (7) ─► GraphProto.initializer (5) ─► TensorProto.external_data (13): location, offset, length
 *                                                         TensorProto.data_location (14): 1 = external
 *                                                         TensorProto.raw_data (9)
 */

/** The bytes of an initializer that lie outside the model. */
export interface ExternalRange {
  /** The initializer's name. */
  readonly name: string;
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

/** Where to put an initializer's bytes: at a place in another file, or inside the model. */
export type Placement = { readonly location: string; readonly offset: number } | { readonly data: Uint8Array };

/** The external initializers of a model. @throws RangeError when the bytes are not a model. */
export function externalRanges(model: Uint8Array): readonly ExternalRange[] {
  const ranges: ExternalRange[] = [];
  for (const tensor of initializers(model)) {
    const range = externalRange(tensor);
    if (range) ranges.push(range);
  }
  return ranges;
}

/** The same model with its external initializers elsewhere. */
export function placeExternalData(
  model: Uint8Array,
  place: (range: ExternalRange) => Placement,
): Uint8Array<ArrayBuffer> {
  return join(
    mapField(model, 7, (graph) => mapField(graph, 5, (tensor) => placeTensor(tensor, externalRange(tensor), place))),
  );
}

function* initializers(model: Uint8Array): Generator<Uint8Array> {
  for (const graph of fieldsNumbered(model, 7)) yield* fieldsNumbered(graph, 5);
}

function* fieldsNumbered(message: Uint8Array, number: number): Generator<Uint8Array> {
  for (const field of protoFields(message)) if (field.number === number && field.bytes) yield field.bytes;
}

/** Rewrites the fields of one number and leaves all others as they stand. */
function mapField(
  message: Uint8Array,
  number: number,
  map: (value: Uint8Array) => readonly Uint8Array[],
): readonly Uint8Array[] {
  return [...protoFields(message)].flatMap((field) =>
    field.number === number && field.bytes ? delimited(number, ...map(field.bytes)) : [field.raw],
  );
}

function externalRange(tensor: Uint8Array): ExternalRange | undefined {
  const fields = [...protoFields(tensor)];
  if (!fields.some(({ number, varint }) => number === 14 && varint === 1)) return undefined;
  const entries = new Map(fields.filter(({ number }) => number === 13).map(stringEntry));
  return {
    name: text(fields.find(({ number }) => number === 8)),
    location: entries.get('location') ?? '',
    offset: Number(entries.get('offset') ?? 0),
    length: Number(entries.get('length') ?? 0),
  };
}

function placeTensor(
  tensor: Uint8Array,
  range: ExternalRange | undefined,
  place: (range: ExternalRange) => Placement,
): readonly Uint8Array[] {
  if (!range) return [tensor];
  const others = [...protoFields(tensor)].filter(({ number }) => number !== 13 && number !== 14);
  const kept = others.map(({ raw }) => raw);
  const placement = place(range);
  if ('data' in placement) return [...kept, ...delimited(9, placement.data)];
  const external = { location: placement.location, offset: placement.offset, length: range.length };
  const entries = Object.entries(external).flatMap(([key, value]) =>
    delimited(13, ...textField(1, key), ...textField(2, String(value))),
  );
  return [...kept, ...entries, Uint8Array.of(14 * 8, 1)];
}

/** StringStringEntryProto. */
function stringEntry({ bytes = new Uint8Array() }: ProtoField): readonly [string, string] {
  const fields = [...protoFields(bytes)];
  return [text(fields.find(({ number }) => number === 1)), text(fields.find(({ number }) => number === 2))];
}

function text(field: ProtoField | undefined): string {
  return new TextDecoder().decode(field?.bytes);
}
