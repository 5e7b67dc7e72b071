import type { DataType, GraphWeight, Tensor, WeightPlace } from '@vlmkit/core';
import { type ProtoMessage, ProtoWriter } from './protobuf.js';

/*
 * The messages of onnx.proto3 that a graph needs, with their field numbers
 * (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3).
 */

/** A graph's dimension: a number, or a name for an extent known only at run time. */
export type Dim = number | string;

/** An attribute of a node: numbers are ints, save that of a {@link FloatAttribute}. */
export type Attribute = number | string | readonly number[] | FloatAttribute | Tensor | GraphAttribute;

/** An attribute of a single float. */
export interface FloatAttribute {
  readonly float: number;
}

/** An attribute that is a graph, as loops and branches have. */
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

/** TensorProto with its values inside the model. */
export function tensorProto(name: string, { dtype, dims, data }: Tensor): ProtoMessage {
  const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return (proto) => declare(proto, { name, dtype, dims }).bytes(9, raw);
}

/** TensorProto of a weight, with its values at a place in a file, or inside the model. */
export function weightProto(weight: GraphWeight, place: WeightPlace): ProtoMessage {
  return (proto) => {
    declare(proto, weight);
    if ('data' in place) {
      proto.bytes(9, place.data);
      return;
    }
    const length = 'data' in weight ? weight.data.byteLength : weight.byteLength;
    for (const [key, value] of Object.entries({ location: place.location, offset: place.offset, length })) {
      proto.message(13, (entry) => entry.string(1, key).string(2, String(value)));
    }
    proto.varint(14, 1);
  };
}

function declare(proto: ProtoWriter, tensor: Pick<GraphWeight, 'name' | 'dtype' | 'dims'>): ProtoWriter {
  return proto.packedVarints(1, tensor.dims).varint(2, elementType(tensor.dtype)).string(8, tensor.name);
}

/** ValueInfoProto of a graph input or output. */
export function valueInfoProto(name: string, dtype: DataType, dims: readonly Dim[]): ProtoMessage {
  const shape: ProtoMessage = (proto) => {
    for (const dim of dims) {
      proto.message(1, typeof dim === 'number' ? (size) => size.varint(1, dim) : (size) => size.string(2, dim));
    }
  };
  const tensorType: ProtoMessage = (proto) => proto.varint(1, elementType(dtype)).message(2, shape);
  return (proto) => proto.string(1, name).message(2, (type) => type.message(1, tensorType));
}

/** AttributeProto of a node. */
function attributeProto(name: string, value: Attribute): ProtoMessage {
  return (proto) => {
    proto.string(1, name);
    if (typeof value === 'number') proto.varint(3, value).varint(20, 2);
    else if (typeof value === 'string') proto.string(4, value).varint(20, 3);
    else if (isIntegers(value)) proto.packedVarints(8, value).varint(20, 7);
    else if ('float' in value) proto.float(2, value.float).varint(20, 1);
    else if ('graph' in value) proto.message(6, value.graph).varint(20, 5);
    else proto.message(5, tensorProto('', value)).varint(20, 4);
  };
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
export function nodeProto(node: NodeFields): ProtoMessage {
  return (proto) => {
    for (const input of node.inputs) proto.string(1, input);
    for (const output of node.outputs) proto.string(2, output);
    proto.string(3, node.name).string(4, node.opType);
    for (const [name, value] of Object.entries(node.attributes)) proto.message(5, attributeProto(name, value));
    if (node.domain) proto.string(7, node.domain);
  };
}

/** ModelProto around a graph. Opset 21 is the newest that every runtime of 1.30 covers; IR version 10 belongs to it. */
export function modelProto(graph: ProtoMessage): ProtoWriter {
  const opset =
    (domain: string, version: number): ProtoMessage =>
    (proto) =>
      proto.string(1, domain).varint(2, version);
  return new ProtoWriter()
    .varint(1, 10)
    .string(2, 'vlmkit')
    .message(7, graph)
    .message(8, opset('', 21))
    .message(8, opset('com.microsoft', 1));
}
