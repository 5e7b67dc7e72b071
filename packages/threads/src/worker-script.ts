import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { RuntimeError } from '@vlmkit/core';

/**
 * The compiled script of a thread: `script` itself, or its place in `dist` when that is in `src`, where the caller's module
 * runs from its source and the script lies beside it uncompiled.
 *
 * @param name of the thread, for messages.
 * @throws RuntimeError when there is neither.
 */
export function compiledScript(script: URL, name: string): URL {
  if (script.protocol !== 'file:' || existsSync(script)) return script;
  const compiled = new URL(script.href.replace(/\/src\/(?!.*\/src\/)/, '/dist/'));
  if (existsSync(compiled)) return compiled;
  throw new RuntimeError(`The script of ${name} is missing.`, {
    expected: fileURLToPath(script),
    remedy: 'Run `npm run build`, or install the package again.',
  });
}
