export * from './blocks/activation.js';
export * from './blocks/attention.js';
export * from './blocks/gated-mlp.js';
export * from './blocks/linear.js';
export * from './blocks/norm.js';
export * from './blocks/rotary.js';
export * from './component.js';
export * from './graph-builder.js';
export { type Attribute, type Dim, type ExternalData, elementType } from './onnx-proto.js';
