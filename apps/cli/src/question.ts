import { stat } from 'node:fs/promises';
import { PromptError } from '@vlmkit/core';
import { UsageError } from './usage-error.js';

/**
 * Checks what a user asks.
 *
 * @throws PromptError when it is empty.
 */
export function requireQuestion(question: string, remedy = 'Ask something.'): void {
  if (question.trim() === '') throw new PromptError('The question is empty.', { remedy });
}

/**
 * Checks a question that stands after a list of files, which would swallow a forgotten one's place.
 *
 * @throws UsageError when it is a file or folder.
 * @throws PromptError when it is empty.
 */
export async function requireQuestionAfterFiles(question: string): Promise<void> {
  requireQuestion(question);
  const isPath = await stat(question).then(
    () => true,
    () => false,
  );
  if (!isPath) return;
  throw new UsageError('The question is missing.', {
    expected: 'a question as the last argument',
    actual: `${question}, which is a file or a folder`,
    remedy: 'Add a question in quotes, e.g. "What happens in this video?".',
  });
}
