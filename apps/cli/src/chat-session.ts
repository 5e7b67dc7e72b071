import type { Interface } from 'node:readline/promises';
import { PromptError, VlmkitError } from '@vlmkit/core';
import type { Chat, ChatOptions, ContentPart, Message } from '@vlmkit/qwen-vl';
import { clipPart } from './clip-options.js';
import { errColors } from './colors.js';
import { isNamedIn, requireMedia } from './media-files.js';
import { imagePart, type PixelOptions } from './pixel-options.js';
import type { Progress } from './progress.js';
import { showAnswer, summary, warnWhereCut } from './show-answer.js';

/** What `/help` says. */
export const chatHelp = `${errColors.dim('/image PATH shows a picture, /video PATH a clip, /new starts over, /exit ends. Ctrl-C stops an answer.')}\n`;

/** A conversation at the terminal. */
export interface ChatSession {
  readonly chat: Chat;
  readonly options: ChatOptions;
  readonly progress: Progress;
  /** Whether a person types, who can go on after an error. */
  readonly isInteractive: boolean;
  readonly limits: PixelOptions & { readonly totalPixels?: number };
  /** An error in the words of the command's user. */
  readonly messageOf: (error: Error) => string;
  history: readonly Message[];
  /** Pictures and clips that go with the next question. */
  pending: readonly ContentPart[];
}

/** One line: a command or a question. Errors are told, and the conversation goes on. @returns false to end. */
export async function takeLine(
  session: ChatSession,
  line: string,
  terminal: Pick<Interface, 'once' | 'off'>,
): Promise<boolean> {
  const [word = '', ...rest] = line.split(' ');
  const path = unquoted(rest.join(' ').trim());
  if (word === '/exit' || word === '/quit') return false;
  if (word === '/new') {
    session.history = [];
    session.pending = [];
  } else if (word === '/image' && path) await show(session, async () => imagePart(path, session.limits));
  else if (word === '/video' && path) await show(session, () => clipPart([path], session.limits));
  else if (word === '/help') process.stderr.write(chatHelp);
  else if (word.startsWith('/')) refuseCommand(session, word);
  else if (line) await ask(session, line, terminal);
  return true;
}

/** Shows the commands to whoever mistyped one; a script with such a line ends, as at any error. */
function refuseCommand({ isInteractive }: ChatSession, word: string): void {
  if (isInteractive) process.stderr.write(chatHelp);
  else {
    throw new PromptError(`${word} cannot be done.`, {
      expected: '/image PATH, /video PATH, /new, /exit, or a question',
      remedy: 'Begin a question with another character.',
    });
  }
}

/** A path as a shell would take it: people copy it with its quotes. */
function unquoted(path: string): string {
  return /^(["'])(.*)\1$/.exec(path)?.[2] ?? path;
}

/** Keeps a picture or clip for the next question, if its files are there. */
async function show(session: ChatSession, part: () => Promise<ContentPart>): Promise<void> {
  try {
    const shown = await part();
    await requireMedia([{ role: 'user', content: [shown] }]);
    session.pending = [...session.pending, shown];
  } catch (error) {
    tell(session, error);
  }
}

async function ask(session: ChatSession, question: string, terminal: Pick<Interface, 'once' | 'off'>): Promise<void> {
  const { chat, options, progress, pending } = session;
  const messages: Message[] = [...session.history, { role: 'user', content: [...pending, textPart(question)] }];
  const controller = new AbortController();
  const interrupt = () => controller.abort();
  terminal.once('SIGINT', interrupt);
  try {
    const answer = await showAnswer(chat, messages, { ...options, signal: controller.signal, progress });
    session.history = [...messages, { role: 'assistant', content: answer.text }];
    session.pending = [];
    process.stderr.write(`${summary(answer)}\n`);
    warnWhereCut(answer);
  } catch (error) {
    progress.fail();
    // What could not be read now would fail at every later question as well; where it has no name, it may be any.
    const readable = pending.filter((part) => !isNamedIn(String(error), part));
    session.pending = readable.length < pending.length ? readable : [];
    tell(session, error);
  } finally {
    terminal.off('SIGINT', interrupt);
  }
}

function textPart(text: string): ContentPart {
  return { type: 'text', text };
}

/** Tells an error to whoever types; a script ends at its first. */
function tell({ isInteractive, messageOf }: ChatSession, error: unknown): void {
  if (!isInteractive || !(error instanceof VlmkitError)) throw error;
  process.stderr.write(`${errColors.red('error:')} ${messageOf(error)}\n`);
}
