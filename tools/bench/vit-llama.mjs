// The side of tools/bench/vit.mjs that is llama.cpp's mtmd, through @fugood/llama.node: encodes FOLDER/img-SIZE.png for each size on stdin.
// usage: vit-llama.mjs MODULE TEXT.gguf MMPROJ.gguf FOLDER THREADS
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const [module, model, mmproj, folder, threads] = process.argv.slice(2);
const { addNativeLogListener, loadModel, toggleNativeLog } = await import(pathToFileURL(module).href);

let encodedMs;
await toggleNativeLog(true);
addNativeLogListener((_, message) => {
  const found = /(?:slice encoded|encoding done).*?(\d+(?:\.\d+)?) ms/.exec(message);
  if (found) encodedMs = Number(found[1]);
});
const start = performance.now();
const context = await loadModel({ model, n_ctx: 8192, n_batch: 2048, n_threads: Number(threads), n_gpu_layers: 0 });
await context.initMultimodal({ path: mmproj, use_gpu: false, image_max_tokens: 8192 });
console.log(JSON.stringify({ load_s: (performance.now() - start) / 1e3 }));

for await (const size of createInterface({ input: process.stdin })) {
  encodedMs = undefined;
  const cpu = process.cpuUsage();
  const media_paths = [`${folder}/img-${size}.png`];
  await context.completion({ prompt: '<__media__>', media_paths, n_predict: 1, n_threads: Number(threads) });
  // The picture's tokens then pass the language model, which a checkpoint of one layer makes negligible.
  const { user, system } = process.cpuUsage(cpu);
  if (encodedMs === undefined) throw new Error('mtmd logged no encoding time.');
  const rss = process.resourceUsage().maxRSS * 1024;
  console.log(JSON.stringify({ seconds: encodedMs / 1e3, cpu_s: (user + system) / 1e6, rss }));
}
process.exit();
