import { type DeviceProfile, RuntimeError } from '@vlmkit/core';
import type { Int8Selection } from '@vlmkit/onnx-graph';
import type { VitConfig } from './config.js';

/**
 * What the dense layers compute in: `float32`; `float16` with norms, residual and the layers before it in float32; `int8`
 * with a scale for every token and every output, on devices that multiply integers faster.
 */
export type VitPrecision = 'float32' | 'float16' | 'int8';

/**
 * The last blocks' feed-forward layers carry a few activations of tens of thousands, on which the residual depends; a
 * token's scale would follow them and leave its other activations without precision.
 */
const floatDownProjections = 2;

/** The dense layers that the int8 encoder stores as integers: all but the patch embedding and the last down projections. */
export function int8Layers(config: VitConfig): readonly Int8Selection[] {
  const feedForward = config.feedForward === 'gated' ? ['gate_proj', 'up_proj'] : ['fc1'];
  const down = config.feedForward === 'gated' ? 'down_proj' : 'fc2';
  return Array.from({ length: config.depth }, (_, index) => {
    const block = `visual.blocks.${index}`;
    const narrow = index < config.depth - floatDownProjections ? [down] : [];
    return [
      { name: `${block}.attn.qkv.weight`, parts: 3 },
      { name: `${block}.attn.proj.weight` },
      ...[...feedForward, ...narrow].map((layer) => ({ name: `${block}.mlp.${layer}.weight` })),
    ];
  }).flat();
}

/** @throws RuntimeError when the device does not compute in this precision. */
export function checkPrecision(precision: VitPrecision, profile: DeviceProfile): void {
  if (precision !== 'float16' || profile.float16) return;
  throw new RuntimeError(`${profile.label} does not compute in float16.`, {
    expected: 'float32 or int8',
    actual: precision,
    remedy: 'Choose another precision, or another device.',
  });
}
