// Installs the packed packages into clean projects, as users get them, and uses them there: all of them in Node, the
// portable ones without onnxruntime, and the portable ones bundled by Vite without anything of Node. Their types are checked
// by the strictest settings, with nothing but what each import needs.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const consumers = fileURLToPath(new URL('consumers', import.meta.url));
// Subpaths that need Node by their name, and what only applications for Node import.
const nodeSubpaths = ['/node', '/sharp', '/video-node', '/conformance'];
// Subpaths that need a browser.
const webSubpaths = ['/canvas', '/video-web', '/web'];

const folder = await mkdtemp(join(tmpdir(), 'vlmkit-tarballs-'));
try {
  const packages = await pack();
  await inNode(packages);
  await alone(packages);
  await inVite(packages);
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** Runs a program, and ends with what it printed when it fails. */
function run(command, args, cwd) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    timeout: 300_000,
    maxBuffer: 2 ** 26,
    // node-av's script would fetch the ffmpeg program, which vlmkit does not use.
    env: { ...process.env, SKIP_FFMPEG: 'true', NODE_PATH: '' },
  });
  if (status === 0) return stdout;
  throw new Error(`${command} ${args.join(' ')} failed: ${error?.message ?? ''}\n${stdout}${stderr}`);
}

/** Packs every package: { manifest, tarball } by name. */
async function pack() {
  const packed = JSON.parse(run('npm', ['pack', '--workspaces', '--json', '--pack-destination', folder], root));
  const packages = new Map();
  for (const { name, filename, files } of Array.isArray(packed) ? packed : Object.values(packed)) {
    const paths = files.map(({ path }) => path);
    for (const wanted of ['LICENSE', 'README.md', 'package.json', 'dist/index.js', 'dist/index.d.ts']) {
      assert.ok(paths.includes(wanted), `${name}: the tarball lacks ${wanted}`);
    }
    const unwanted = paths.filter((path) => /\.test\.|\.tsbuildinfo$|\/testing\//.test(path));
    assert.deepEqual(unwanted, [], `${name}: the tarball holds what only tests need`);
    const area = name === '@vlmkit/cli' ? 'apps' : 'packages';
    const manifest = JSON.parse(
      await readFile(join(root, area, name.slice('@vlmkit/'.length), 'package.json'), 'utf8'),
    );
    packages.set(name, { manifest, tarball: join(folder, filename) });
  }
  return packages;
}

/** These packages, and those of ours that they depend on. */
function closure(packages, names) {
  const all = new Set(names);
  for (const name of all) {
    const dependencies = Object.keys(packages.get(name).manifest.dependencies ?? {});
    for (const each of dependencies.filter((each) => packages.has(each))) all.add(each);
  }
  return [...all];
}

/** Makes a project that depends on these packages, and installs it. */
async function project(name, packages, names, others = {}) {
  const path = join(folder, name);
  await mkdir(path);
  const dependencies = { ...others };
  for (const each of closure(packages, names)) dependencies[each] = `file:${packages.get(each).tarball}`;
  const allowScripts = { 'node-av': false, 'onnxruntime-node': false };
  await writeFile(
    join(path, 'package.json'),
    JSON.stringify({ type: 'module', private: true, dependencies, allowScripts }),
  );
  await writeFile(join(path, '.npmrc'), 'onnxruntime-node-install=skip\n');
  run('npm', ['install', '--no-fund', '--no-audit', '--prefer-offline'], path);
  return path;
}

/** Every import that a package offers. */
function specifiers(packages, names) {
  return names.flatMap((name) =>
    Object.keys(packages.get(name).manifest.exports)
      .filter((subpath) => !subpath.includes('*'))
      .map((subpath) => name + subpath.slice(1)),
  );
}

/** The embedded model answers, by API and by command, and every import resolves. */
async function inNode(packages) {
  const names = [...packages.keys()];
  const { devDependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const path = await project('node', packages, names, { '@types/node': devDependencies['@types/node'] });
  await checkTypes(path, packages, names);
  await cp(join(consumers, 'answer.mjs'), join(path, 'answer.mjs'));
  console.log(run(process.execPath, ['answer.mjs'], path).trim());
  const imports = specifiers(packages, names).map((specifier) => `await import('${specifier}');`);
  await writeFile(join(path, 'imports.mjs'), imports.join('\n'));
  run(process.execPath, ['imports.mjs'], path);
  const picture = join(path, 'node_modules/@vlmkit/demo-model/samples/shapes1.png');
  console.log(run('npx', ['vlmkit', 'ask', picture, 'Describe this image.', '--device', 'cpu'], path).trim());
  console.log(`ok   ${imports.length} imports, API and command in Node`);
}

/** Types compile for each environment without those of another, and options take undefined. */
async function checkTypes(path, packages, names) {
  await cp(join(consumers, 'options.mts'), join(path, 'options.mts'));
  const endsIn = (specifier, subpaths) => subpaths.some((subpath) => specifier.endsWith(subpath));
  const ofNode = (specifier) =>
    endsIn(specifier, nodeSubpaths) || packages.get(specifier)?.manifest.engines?.node !== undefined;
  const all = specifiers(packages, names);
  const environments = {
    portable: all.filter((each) => !ofNode(each) && !endsIn(each, webSubpaths)),
    node: all.filter((each) => !endsIn(each, webSubpaths)),
    web: all.filter((each) => !ofNode(each)),
  };
  for (const [environment, imports] of Object.entries(environments)) {
    const lines = imports.map((specifier, index) => `export type * as part${index} from '${specifier}';`);
    await writeFile(join(path, `${environment}.mts`), lines.join('\n'));
    const compilerOptions = {
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: false,
      module: 'NodeNext',
      target: 'ES2023',
      lib: environment === 'web' ? ['ES2023', 'DOM', 'DOM.Iterable'] : ['ES2023'],
      types: environment === 'node' ? ['node'] : [],
      noEmit: true,
    };
    const files = [`${environment}.mts`, ...(environment === 'node' ? ['options.mts'] : [])];
    await writeFile(join(path, `tsconfig.${environment}.json`), JSON.stringify({ compilerOptions, files }));
    run(join(root, 'node_modules/.bin/tsc'), ['-p', `tsconfig.${environment}.json`], path);
    console.log(`ok   types of ${imports.length} imports, ${environment}`);
  }
}

/** Positions alone, and preprocessing alone, in projects without onnxruntime. */
async function alone(packages) {
  for (const name of ['mrope', 'preprocess']) {
    const path = await project(name, packages, new Set(['@vlmkit/mrope', `@vlmkit/${name}`]));
    await cp(join(consumers, 'portable.mjs'), join(path, 'portable.mjs'));
    run(process.execPath, ['portable.mjs', name], path);
    console.log(`ok   @vlmkit/${name} without onnxruntime`);
  }
}

/** Vite bundles all that is portable; an import of Node's modules fails the build. */
async function inVite(packages) {
  const names = [...packages].filter(([, { manifest }]) => !manifest.engines?.node).map(([name]) => name);
  const { version } = JSON.parse(await readFile(join(root, 'node_modules/vite/package.json'), 'utf8'));
  const { mediabunny } = packages.get('@vlmkit/preprocess').manifest.devDependencies;
  const path = await project('vite', packages, names, { vite: version, mediabunny });
  const portable = specifiers(packages, names).filter(
    (each) => !nodeSubpaths.some((subpath) => each.endsWith(subpath)),
  );
  await cp(join(consumers, 'vite.config.mjs'), join(path, 'vite.config.mjs'));
  await writeFile(
    join(path, 'main.js'),
    portable.map((specifier, index) => `export * as part${index} from '${specifier}';`).join('\n'),
  );
  run('npx', ['vite', 'build', '--logLevel', 'warn'], path);
  await writeFile(join(path, 'load.mjs'), "await import('./dist/bundle.js');");
  run(process.execPath, ['load.mjs'], path);
  console.log(`ok   ${portable.length} imports bundled by Vite without Node's modules`);
}
