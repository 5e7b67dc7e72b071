// Compiles every block of TypeScript (```ts) in every README as a module of a strict project, and runs those of packages and apps
// from the repository root. The root's names a checkpoint that is not here, and so do blocks marked ```typescript.
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = await mkdtemp(join(root, 'out-examples-'));
try {
  const { names, failed } = await collect();
  const compile = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', folder], { cwd: root, encoding: 'utf8' });
  if (compile.status !== 0) failed.push(`The examples do not compile:\n${compile.stdout}`);
  else for (const name of names) run(name, failed);
  if (failed.length > 0) {
    console.error(failed.join('\n\n'));
    process.exitCode = 1;
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** Writes every example, and what they are compiled with, into the folder. */
async function collect() {
  const names = [];
  const failed = [];
  if ((await writeExamples('README.md', 'root')).length === 0) failed.push('README.md has no example');
  for (const area of ['packages', 'apps']) {
    for (const name of (await readdir(join(root, area))).sort()) {
      const written = await writeExamples(join(area, name, 'README.md'), name);
      names.push(...written);
      if (written.length === 0) failed.push(`${area}/${name}: its README has no example`);
    }
  }
  // As strict as a user's project, rather than as this one.
  const compilerOptions = {
    types: ['node'],
    lib: ['ES2023', 'DOM'],
    noUncheckedIndexedAccess: false,
    exactOptionalPropertyTypes: false,
    composite: false,
    declaration: false,
    declarationMap: false,
    sourceMap: false,
  };
  const config = { extends: '../tsconfig.base.json', compilerOptions, include: ['*.mts'] };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
  return { names, failed };
}

/** Writes the examples of a README. Returns their names: the first has the package's. */
async function writeExamples(path, name) {
  const readme = await readFile(join(root, path), 'utf8').catch(() => '');
  const names = [];
  for (const [, block] of readme.matchAll(/^```ts\n([\s\S]*?)^```$/gm)) {
    names.push(names.length === 0 ? name : `${name}-${names.length + 1}`);
    await writeFile(join(folder, `${names.at(-1)}.mts`), `${block}\nexport {};\n`);
  }
  return names;
}

function run(name, failed) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, `${name}.mjs`)], {
    cwd: root,
    encoding: 'utf8',
    timeout: 120_000,
  });
  console.log(`${status === 0 ? 'ok  ' : 'FAIL'} ${name}`);
  if (status !== 0) failed.push(`${name}:\n${stdout}${stderr}`);
}
