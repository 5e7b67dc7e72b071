import { byteSize, type DataType, type Tensor } from '@vlmkit/core';
import { ProtoWriter } from './protobuf.js';

/*
 * The messages of onnx.proto3 that a graph needs, with their field numbers
 * (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3).
 */

/** A graph's dimension: a number, or a name for an extent known only at run time. */
export type Dim = number | string;

/** An attribute of a node: numbers are ints unless wrapped by {@link float} or {@link floats}. */
export type Attribute =
  | number
  | string
  | readonly number[]
  | FloatAttribute
  | FloatsAttribute
  | Tensor
  | GraphAttribute;

export interface FloatAttribute {
  readonly float: number;
}

export interface FloatsAttribute {
  readonly floats: readonly number[];
}

export interface GraphAttribute {
  readonly graph: ProtoWriter;
}

const elementTypes: Readonly<Record<DataType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  bfloat16: 16,
};

/** The number of `dtype` in TensorProto.DataType. */
export function elementType(dtype: DataType): number {
  return elementTypes[dtype];
}

/** A byte range of a file that holds a tensor's values. */
export interface ExternalData {
  readonly location: string;
  readonly offset: number;
  readonly byteLength: number;
}

/** TensorProto with its values inside the model. */
export function tensorProto(name: string, { dtype, dims, data }: Tensor): ProtoWriter {
  const raw = new Uint8Array(data.buffer, data.byteOffset, data.length * byteSize(dtype));
  return new ProtoWriter().packedVarints(1, dims).varint(2, elementType(dtype)).string(8, name).bytes(9, raw);
}

/** Name, type and extents of a tensor whose values lie elsewhere. */
export interface ExternalTensor {
  readonly name: string;
  readonly dtype: DataType;
  readonly dims: readonly number[];
  readonly data: ExternalData;
}

/** TensorProto with its values in a file beside the model. */
export function externalTensorProto({ name, dtype, dims, data }: ExternalTensor): ProtoWriter {
  const entry = (key: string, value: string) => new ProtoWriter().string(1, key).string(2, value);
  return new ProtoWriter()
    .packedVarints(1, dims)
    .varint(2, elementType(dtype))
    .string(8, name)
    .message(13, entry('location', data.location))
    .message(13, entry('offset', String(data.offset)))
    .message(13, entry('length', String(data.byteLength)))
    .varint(14, 1);
}

/** ValueInfoProto of a graph input or output. */
export function valueInfoProto(name: string, dtype: DataType, dims: readonly Dim[]): ProtoWriter {
  const shape = new ProtoWriter();
  for (const dim of dims) {
    const proto = new ProtoWriter();
    shape.message(1, typeof dim === 'number' ? proto.varint(1, dim) : proto.string(2, dim));
  }
  const tensorType = new ProtoWriter().varint(1, elementType(dtype)).message(2, shape);
  return new ProtoWriter().string(1, name).message(2, new ProtoWriter().message(1, tensorType));
}

/** AttributeProto of a node. */
function attributeProto(name: string, value: Attribute): ProtoWriter {
  const proto = new ProtoWriter().string(1, name);
  if (typeof value === 'number') return proto.varint(3, value).varint(20, 2);
  if (typeof value === 'string') return proto.string(4, value).varint(20, 3);
  if (isIntegers(value)) return proto.packedVarints(8, value).varint(20, 7);
  if ('float' in value) return proto.float(2, value.float).varint(20, 1);
  if ('floats' in value) return proto.packedFloats(7, value.floats).varint(20, 6);
  if ('graph' in value) return proto.message(6, value.graph).varint(20, 5);
  return proto.message(5, tensorProto('', value)).varint(20, 4);
}

function isIntegers(value: Attribute): value is readonly number[] {
  return Array.isArray(value);
}

/** What a NodeProto states. */
export interface NodeFields {
  readonly opType: string;
  readonly domain: string;
  readonly name: string;
  /** Names of the inputs; an empty name leaves an optional input out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** NodeProto. */
export function nodeProto(node: NodeFields): ProtoWriter {
  const proto = new ProtoWriter();
  for (const input of node.inputs) proto.string(1, input);
  for (const output of node.outputs) proto.string(2, output);
  proto.string(3, node.name).string(4, node.opType);
  for (const [name, value] of Object.entries(node.attributes)) proto.message(5, attributeProto(name, value));
  return node.domain ? proto.string(7, node.domain) : proto;
}

/** ModelProto around a graph. Opset 21 is the newest that every runtime of 1.30 covers; IR version 10 belongs to it. */
export function modelProto(graph: ProtoWriter): ProtoWriter {
  const opset = (domain: string, version: number) => new ProtoWriter().string(1, domain).varint(2, version);
  return new ProtoWriter()
    .varint(1, 10)
    .string(2, 'vlmkit')
    .message(7, graph)
    .message(8, opset('', 21))
    .message(8, opset('com.microsoft', 1));
}
