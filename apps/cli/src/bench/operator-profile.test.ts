import { describe, expect, it } from 'vitest';
import { summarise } from './operator-profile.js';

const node = (op_name: string, dur: number) => ({ cat: 'Node', dur, args: { op_name } });

describe('summarise', () => {
  it('adds up nodes by operator, slowest first, and leaves out what is no node or holds other nodes', () => {
    const trace = JSON.stringify([
      { cat: 'Session', dur: 9_000, args: {} },
      node('MatMul', 2_000),
      node('Softmax', 1_000),
      node('MatMul', 1_000),
      node('Loop', 50_000),
    ]);
    expect(summarise('vit', trace)).toEqual([
      { component: 'vit', operator: 'MatMul', ms: 3, share: 0.75, calls: 2 },
      { component: 'vit', operator: 'Softmax', ms: 1, share: 0.25, calls: 1 },
    ]);
  });
});
