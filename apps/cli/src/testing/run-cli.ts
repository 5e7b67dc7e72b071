import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** What a run of the command line left. */
export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command's script. */
export const cliPath = fileURLToPath(new URL('../../bin/vlmkit.js', import.meta.url));

/** What a run finds. */
export interface CliSurroundings {
  /** What it reads from stdin. */
  readonly input?: string;
  /** Variables to set, or to unset. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Presses Ctrl-C when stderr or stdout first matches. */
  readonly interruptAt?: RegExp;
}

/** Runs `vlmkit` in a process of its own, as a shell does. */
export function runCli(
  args: readonly string[],
  { input = '', env = {}, interruptAt }: CliSurroundings = {},
): Promise<CliResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [cliPath, ...args], {
      env: { ...process.env, NO_COLOR: '1', VLMKIT_DEBUG: '', ...env },
    });
    const out = { stdout: '', stderr: '' };
    let interrupted = false;
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        out[name] += text;
        if (interrupted || !interruptAt?.test(out[name])) return;
        interrupted = true;
        child.kill('SIGINT');
      });
    }
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...out }));
    child.stdin.end(input);
  });
}
