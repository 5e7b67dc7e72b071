export { createNodeRuntime, type NodeRuntimeOptions } from './create-node-runtime.js';
export type { DeviceKind } from './protocol.js';
