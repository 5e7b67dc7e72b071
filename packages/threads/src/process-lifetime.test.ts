import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { answering } from './testing/scripts.js';

const script = answering(`{
  echo: (value) => value,
  work: (ms) => new Promise((resolve) => setTimeout(resolve, ms, ms)),
}`);

/** What a program prints that has a thread and a pool; it fails when the program does not end by itself. */
async function outputOf(program: string): Promise<string> {
  const text = `
    import { ThreadPool, WorkerThread } from '@vlmkit/threads';
    const options = { script: new URL(${JSON.stringify(script.href)}), name: 'the thread', remedy: 'None.', threads: 2 };
    const block = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
    ${program}`;
  const cwd = fileURLToPath(new URL('.', import.meta.url));
  // Given on the command line, with a flag that would keep a thread from starting.
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', text], { cwd });
  return stdout;
}

describe('a program', () => {
  it('ends though threads are idle', async () => {
    const program = `
      const [thread, pool] = [new WorkerThread(options), new ThreadPool(options)];
      console.log(await thread.call('echo', 1), await pool.call('echo', 2));`;
    expect(await outputOf(program)).toBe('1 2\n');
  });

  it('ends when threads were never called', async () => {
    expect(await outputOf(`new WorkerThread(options); new ThreadPool(options); console.log('end');`)).toBe('end\n');
  });

  it('goes on while a call is open, and no longer', async () => {
    const program = `
      const thread = new WorkerThread(options);
      for (const ms of [50, 1, 50]) thread.call('work', ms).then(console.log);
      await thread.call('echo', 'last').then(console.log);
      new ThreadPool(options).call('work', 50).then(() => console.log('pool'));`;
    expect(await outputOf(program)).toBe('50\n1\n50\nlast\npool\n');
  });

  it.each(['new WorkerThread(options)', 'new ThreadPool(options)'])(
    'sees the end of closing when the answer to a call that was given up is on its way: %s',
    async (create) => {
      const program = `
        const threads = ${create};
        await threads.call('echo', 1);
        threads.call('echo', 2).catch(() => console.log('given up'));
        for (let i = 0; i < 10; i++) await null; // the call is under way now
        block(200);
        await threads.close();
        console.log('closed');`;
      expect(await outputOf(program)).toBe('given up\nclosed\n');
    },
  );

  it('sees the end of closing a thread that works, one that is idle and one that has ended', async () => {
    const program = `
      const [working, idle, ended] = [1, 2, 3].map(() => new WorkerThread(options));
      await idle.call('echo', 1);
      await ended.close();
      working.call('work', 1e6).catch(({ message }) => console.log(message));
      for (const thread of [working, idle, ended]) await thread.close();
      console.log('closed');`;
    expect(await outputOf(program)).toBe('The thread was closed. None.\nclosed\n');
  });
});
