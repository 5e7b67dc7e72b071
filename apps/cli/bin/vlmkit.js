#!/usr/bin/env node
import { guardOutput } from '../dist/guard-output.js';
import { main } from '../dist/main.js';

guardOutput();
process.exitCode = await main(process.argv);
