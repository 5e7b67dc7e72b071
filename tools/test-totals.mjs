// Prints the totals of vitest's JSON report as "N passed, N failed", and fails when nothing ran.
import { readFile } from 'node:fs/promises';

const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(await readFile(process.argv[2], 'utf8'));
const skipped = numPendingTests > 0 ? `, ${numPendingTests} skipped` : '';
console.log(`${numPassedTests} passed, ${numFailedTests} failed${skipped}`);
if (numPassedTests === 0) process.exitCode = 1;
