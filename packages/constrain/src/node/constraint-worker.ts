import { parentPort } from 'node:worker_threads';
import { RuntimeError } from '@vlmkit/core';
import { createCompiler } from '../compiler.js';
import type { ConstraintCompiler, ConstraintState } from '../constraint-state.js';
import type { PackedVocabulary } from '../vocabulary.js';
import { loadNodeGrammarEngine } from './load-engine.js';
import { packError } from './packed-error.js';
import type { WorkerCall, WorkerReply, WorkerRequest, WorkerResults } from './worker-protocol.js';

/** Answers requests one after another. */
function createHandler(): (request: WorkerRequest) => Promise<WorkerResults[keyof WorkerResults]> {
  const tokens: PackedVocabulary[] = [];
  const states = new Map<number, ConstraintState>();
  let compiler: ConstraintCompiler | undefined;
  let created = 0;

  function stateOf(number: number): ConstraintState {
    const found = states.get(number);
    if (found === undefined) throw new RuntimeError('A constraint was used after it was disposed of.');
    return found;
  }

  return async (request) => {
    switch (request.method) {
      case 'addTokens':
        tokens.push(request.tokens);
        return undefined;
      case 'open':
        compiler = await createCompiler({ ...request, loadEngine: loadNodeGrammarEngine, tokens: tokens.splice(0) });
        return undefined;
      case 'compile': {
        if (compiler === undefined) throw new RuntimeError('The constraint compiler is not open.');
        const state = await compiler.compile(request.constraint);
        states.set(++created, state);
        return created;
      }
      case 'mask':
        return stateOf(request.state).mask();
      case 'accept': {
        const state = stateOf(request.state);
        const accepted = await state.accept(request.id);
        return { accepted, finished: state.finished };
      }
      case 'rollback':
        await stateOf(request.state).rollback(request.count);
        return undefined;
      case 'free':
        stateOf(request.state).dispose();
        states.delete(request.state);
        return undefined;
    }
  };
}

const handle = createHandler();
let queue = Promise.resolve();
parentPort?.on('message', ({ call, request }: WorkerCall) => {
  queue = queue.then(async () => {
    const reply: WorkerReply = await handle(request).then(
      (value) => ({ call, value }),
      (error: unknown) => ({ call, error: packError(error) }),
    );
    parentPort?.postMessage(reply);
  });
});
