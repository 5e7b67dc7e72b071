import { constants } from 'node:buffer';
import type { DeviceProfile } from '@vlmkit/core';
import type { OpenRequest } from './protocol.js';

/** Finds out what the device can do. */
export async function probeDevice({ device, threads }: OpenRequest): Promise<DeviceProfile> {
  return {
    label: `onnxruntime-node, ${device}, ${threads} threads`,
    attention: 'fused',
    float16: device !== 'cpu',
    int8: device === 'cpu',
    bfloat16Weights: true,
    maxBufferBytes: constants.MAX_LENGTH,
    deviceOutputs: device !== 'cuda',
    kvCache: device === 'webgpu' ? 'handover' : 'append',
  };
}
