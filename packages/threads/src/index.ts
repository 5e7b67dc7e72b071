export { answerCalls } from './answer-calls.js';
export type { CallOptions, CallTable, CallTypes, Handlers, Transfers } from './calls.js';
export { type PoolCallOptions, ThreadPool, type ThreadPoolOptions } from './thread-pool.js';
export { type ThreadOptions, WorkerThread } from './worker-thread.js';
