/** Calls that scripts of tests answer. */
export interface TestCalls {
  readonly echo: { readonly request: unknown; readonly response: unknown };
  readonly work: { readonly request: number; readonly response: number };
}

/** The built package, since a thread cannot run TypeScript. */
const built = import.meta.resolve('@vlmkit/threads');

/** A script that answers calls with these handlers, given as the text of an object. */
export function answering(handlers: string, transfers = '{}'): URL {
  return asScript(`
    import { threadId } from 'node:worker_threads';
    import { answerCalls } from '${built}';
    answerCalls(${handlers}, ${transfers});`);
}

/** A script of this text. */
export function asScript(text: string): URL {
  return new URL(`data:text/javascript,${encodeURIComponent(text)}`);
}
