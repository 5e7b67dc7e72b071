import { PromptError } from '@vlmkit/core';
import { expect, it } from 'vitest';
import type { TokenConstraint } from './constraint.js';
import { createSampler } from './sampling/index.js';
import { createTokenChooser } from './token-chooser.js';

it('refuses a constraint that was not compiled', () => {
  for (const constraint of ['boxes', { type: 'regex', pattern: 'a' }]) {
    const create = () => createTokenChooser(createSampler(), constraint as unknown as TokenConstraint);
    expect(create).toThrow(PromptError);
    expect(create).toThrow(`The constraint is not compiled. Expected what a compiler of @vlmkit/constrain returns.`);
    expect(create).toThrow(`Found ${JSON.stringify(constraint)}. Pass \`await compiler.compile(constraint)\`.`);
  }
});
