import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { compileFunction } from 'node:vm';
import { RuntimeError } from '@vlmkit/core';
import type { GrammarEngine, Xgrammar } from '../grammar-engine.js';

/**
 * A fresh instance of the grammar library in Node. Its package calls a UMD bundle an ES module, which Node can neither
 * import nor require; so the bundle is read and called as the function that it is. It is told that it runs in a window:
 * then it needs nothing of Node's, and its messages come here instead of to stderr.
 *
 * @throws RuntimeError when the bundle cannot be read or run
 */
export async function loadNodeGrammarEngine(): Promise<GrammarEngine> {
  const messages: string[] = [];
  const note = (...parts: readonly unknown[]): void => void messages.push(parts.join(' '));
  const exports: Partial<Xgrammar> = {};
  const scope = {
    exports,
    module: {},
    console: { log: note, warn: note, error: note },
    process: undefined,
    document: undefined,
    window: {},
    location: { href: 'file:///' },
  };
  try {
    const filename = createRequire(import.meta.url).resolve('@mlc-ai/web-xgrammar');
    const run = compileFunction(await readFile(filename, 'utf8'), Object.keys(scope), { filename });
    Reflect.apply(run, undefined, Object.values(scope));
    if (exports.GrammarCompiler === undefined) throw new Error('The bundle exports no GrammarCompiler.');
  } catch (cause) {
    throw new RuntimeError('The grammar library did not load.', {
      expected: 'the package @mlc-ai/web-xgrammar',
      actual: cause instanceof Error ? `"${cause.message}"` : String(cause),
      remedy: 'Install the package again.',
      cause,
    });
  }
  return {
    library: exports as Xgrammar,
    takeMessages: () => messages.splice(0).join('\n'),
  };
}
