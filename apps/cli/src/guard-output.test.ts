import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { samplesPath } from '@vlmkit/demo-model';
import { describe, expect, it } from 'vitest';
import { cliPath } from './testing/run-cli.js';

const command = `'${process.execPath}' '${cliPath}' ask '${join(samplesPath(), 'shapes1.png')}' 'Describe this image.' --device cpu`;

/** Runs a line of bash, which gives the exit code of `vlmkit` and what it said on stderr. */
function bash(line: string): { readonly code: number | null; readonly stderr: string } {
  const { status, stderr } = spawnSync('bash', ['-c', line], {
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });
  return { code: status, stderr };
}

describe.skipIf(process.platform === 'win32')('vlmkit', () => {
  it('ends quietly when nobody reads its output', () => {
    const { code, stderr } = bash(`${command} | true; exit \${PIPESTATUS[0]}`);
    expect(stderr).not.toMatch(/EPIPE|^\s+at /m);
    expect(code).toBe(0);
    expect(bash(`${command} 2>&1 | true; exit \${PIPESTATUS[0]}`)).toEqual({ code: 0, stderr: '' });
  });

  it.skipIf(!existsSync('/dev/full'))('says in one line that its output cannot be written', () => {
    const { code, stderr } = bash(`${command} > /dev/full`);
    expect(stderr).toMatch(/^error: The output cannot be written\. Found .*ENOSPC/m);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(code).toBe(1);
  });
});
