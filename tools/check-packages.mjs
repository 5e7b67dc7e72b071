// Packs every package and checks what a user would get: publint's rules, and types that resolve (attw).
import { spawnSync } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
let failed = false;
for (const area of ['packages', 'apps']) {
  for (const name of (await readdir(join(root, area))).sort()) {
    const folder = join(root, area, name);
    // Packages are ES modules for Node 20 and bundlers: CommonJS resolution is left out on purpose.
    const runs = [
      ['publint', folder, '--strict'],
      ['attw', '--pack', folder, '--profile', 'esm-only', '--no-emoji', '--no-color', '-f', 'ascii'],
    ];
    for (const [command, ...args] of runs) {
      const { status, stdout, stderr } = spawnSync(join(root, 'node_modules/.bin', command), args, {
        cwd: root,
        encoding: 'utf8',
      });
      if (status === 0) continue;
      failed = true;
      console.error(`${area}/${name}: ${command}\n${stdout}${stderr}`);
    }
    console.log(`checked ${area}/${name}`);
  }
}
process.exitCode = failed ? 1 : 0;
