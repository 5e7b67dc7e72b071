import { RuntimeError } from '@vlmkit/core';
import type { GrammarEngine, Xgrammar } from '../grammar-engine.js';

/**
 * The grammar library in a browser, page or worker. Its bundle is UMD: bundlers turn it into a module, and where it is
 * loaded as it is, it leaves a global `xgrammar`. The library keeps one instance, whose messages go to the console.
 *
 * @throws RuntimeError when neither is there
 */
export async function loadWebGrammarEngine(): Promise<GrammarEngine> {
  const module: Partial<Xgrammar> & { readonly default?: Partial<Xgrammar> } = await import('@mlc-ai/web-xgrammar');
  const global = (globalThis as { readonly xgrammar?: Partial<Xgrammar> }).xgrammar;
  const library = [module, module.default, global].find((candidate) => candidate?.GrammarCompiler !== undefined);
  if (library === undefined) {
    throw new RuntimeError('The grammar library did not load.', {
      expected: 'exports, or a global xgrammar, of @mlc-ai/web-xgrammar',
      remedy: 'In Node use @vlmkit/constrain/node.',
    });
  }
  return { library: library as Xgrammar, takeMessages: () => '' };
}
