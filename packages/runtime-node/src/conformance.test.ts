import type { Runtime } from '@vlmkit/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { conformanceCases } from './conformance/index.js';
import { createNodeRuntime, type NodeRuntimeOptions } from './index.js';

const variants: Readonly<Record<string, NodeRuntimeOptions>> = {
  'CPU, in a thread': { device: 'cpu', threads: 2 },
  'CPU, without prepacking': { device: 'cpu', threads: 2, prepack: false },
  'CPU, inline': { device: 'cpu', threads: 2, inline: true },
};

for (const [name, options] of Object.entries(variants)) conformance(name, options);

// An adapter that is there must pass; only its absence excuses it, and that is said.
const missing = await createNodeRuntime({ device: 'webgpu' }).then(
  (runtime) => runtime.dispose(),
  (error: Error) => error.message,
);
if (missing === undefined) conformance('WebGPU, in a thread', { device: 'webgpu', threads: 2 });
else {
  console.warn(`WebGPU was not tested: ${missing}`);
  it('says how to get a WebGPU adapter where there is none', () => {
    expect(missing).toMatch(/no WebGPU adapter.*setup-webgpu|no device "webgpu"/);
  });
}

function conformance(name: string, options: NodeRuntimeOptions): void {
  describe(`conformance: ${name}`, () => {
    let runtime: Runtime;
    beforeAll(async () => {
      runtime = await createNodeRuntime(options);
    });
    afterAll(() => runtime.dispose());
    for (const { name, run } of conformanceCases) it(name, () => run(runtime));
  });
}
