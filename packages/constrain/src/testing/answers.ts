import type { Tokenizer } from '@vlmkit/tokenizer';
import type { Constraint } from '../constraint.js';
import type { ConstraintCompiler } from '../constraint-state.js';
import { allowedIds, stopIds } from './random-walk.js';

/** A text that may be an answer. */
interface Candidate {
  readonly tokenizer: Tokenizer;
  readonly constraint: Constraint;
  readonly text: string;
}

/** Whether a constraint allows a text as a whole answer. */
export async function isAnswer(
  compiler: ConstraintCompiler,
  { tokenizer, constraint, text }: Candidate,
): Promise<boolean> {
  const state = await compiler.compile(constraint);
  try {
    for (const id of tokenizer.encode(text)) if (!(await state.accept(id))) return false;
    return allowedIds(await state.mask()).includes(stopIds[0]!);
  } finally {
    state.dispose();
  }
}
