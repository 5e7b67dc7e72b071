/*
 * Downloads onnxruntime's CUDA libraries (some 300 MB, from NuGet) beside onnxruntime-node, which the project's
 * `npm install` leaves out. Needs a network, an NVIDIA driver, CUDA 12 and cuDNN 9.
 */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

if (process.platform !== 'linux' || process.arch !== 'x64') {
  console.error(`onnxruntime-node has CUDA for Linux on x64 only; this is ${process.platform} on ${process.arch}.`);
  process.exit(1);
}

const fromRuntime = createRequire(new URL('../packages/runtime-node/package.json', import.meta.url));
const folder = join(dirname(fromRuntime.resolve('onnxruntime-node')), '..');
const { status } = spawnSync(process.execPath, [join(folder, 'script', 'install.js')], {
  stdio: 'inherit',
  env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'cuda12' },
});
if (status !== 0)
  console.error(
    'The download failed. Check the network, and that a proxy is named in GLOBAL_AGENT_HTTPS_PROXY if there is one.',
  );
else console.log("Done. createNodeRuntime({ device: 'cuda' }) will find the libraries.");
process.exit(status ?? 1);
