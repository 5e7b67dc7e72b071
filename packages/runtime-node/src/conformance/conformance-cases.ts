import type { ConformanceCase } from './case.js';
import { deviceMemoryCases } from './device-memory.js';
import { failureCases } from './failures.js';
import { operatorCases } from './operators.js';
import { sessionCases } from './sessions.js';

/** What every runtime must do. Run each case on a runtime that is open; their order does not matter. */
export const conformanceCases: readonly ConformanceCase[] = [
  ...sessionCases,
  ...deviceMemoryCases,
  ...failureCases,
  ...operatorCases,
];
