export type { ConformanceCase } from './case.js';
export { conformanceCases } from './conformance-cases.js';
