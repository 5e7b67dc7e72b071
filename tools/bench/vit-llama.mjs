// The side of tools/bench/vit.mjs that is llama.cpp's mtmd: encodes FOLDER/img-SIZE.png for each size on stdin, in a process of its own each,
// and answers with the time that mtmd logs.   usage: vit-llama.mjs LLAMA-MTMD-CLI TEXT.gguf MMPROJ.gguf FOLDER THREADS
import { execFile } from 'node:child_process';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const [program, model, projector, folder, threads] = process.argv.slice(2);
console.log(JSON.stringify({ load_s: 0 }));
for await (const size of createInterface({ input: process.stdin })) {
  const options = [
    '-m',
    model,
    '-mm',
    projector,
    '--image',
    `${folder}/img-${size}.png`,
    '-p',
    'x',
    '-n',
    '1',
    '-t',
    threads,
    '-c',
    '8192',
    '--temp',
    '0',
    '-lv',
    '4',
  ];
  const { stdout, stderr } = await promisify(execFile)(program, options, { maxBuffer: 2 ** 26 });
  const found = /(?:slice encoded|encoding done).*?(\d+(?:\.\d+)?) ms/.exec(stdout + stderr);
  if (!found) throw new Error(`mtmd logged no encoding time:\n${(stdout + stderr).slice(-2000)}`);
  console.log(JSON.stringify({ seconds: Number(found[1]) / 1e3 }));
}
