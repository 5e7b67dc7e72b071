import { createInterface, type Interface } from 'node:readline/promises';
import { VlmkitError } from '@vlmkit/core';
import type { Chat, ChatOptions, ContentPart, Message } from '@vlmkit/qwen-vl';
import { Command } from 'commander';
import { clipPart, withTotalPixels } from '../clip-options.js';
import { errColors } from '../colors.js';
import { chatOptions, type GenerationOptions, withGenerationOptions } from '../generation-options.js';
import { requireMedia } from '../media-files.js';
import { type ModelOptions, withModel, withModelOptions } from '../model-options.js';
import { withOptions } from '../option-groups.js';
import { messageForUser } from '../option-names.js';
import { imagePart, type PixelOptions, withPixelOptions } from '../pixel-options.js';
import { createProgress } from '../progress.js';
import { showAnswer, summary } from '../show-answer.js';

interface ChatCommandOptions extends ModelOptions, PixelOptions, GenerationOptions {
  readonly totalPixels?: number;
  readonly image?: readonly string[];
}

const help = `${errColors.dim('/image PATH shows a picture, /video PATH a clip, /new starts over, /exit ends. Ctrl-C stops an answer.')}\n`;

/** `vlmkit chat`: a conversation in the terminal. Each turn computes only what is new. */
export function chatCommand(): Command {
  const command = new Command('chat')
    .description('Talk with a model about pictures and clips.')
    .option('--image <path...>', 'pictures to show with the first question');
  return withOptions(command, withModelOptions, withPixelOptions, withTotalPixels, withGenerationOptions).action(chat);
}

async function chat(options: ChatCommandOptions, command: Command): Promise<void> {
  const pictures = (options.image ?? []).map((image) => imagePart(image, options));
  await requireMedia([{ role: 'user', content: pictures }]);
  const progress = createProgress();
  await withModel({ ...options, progress }, async ({ model }) => {
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    const session: Session = {
      chat: model.createChat(),
      options: chatOptions(options),
      limits: options,
      messageOf: (error) => messageForUser(error, command),
      history: [],
      pending: pictures,
    };
    process.stderr.write(help);
    try {
      for await (const line of lines(terminal)) if (!(await turn(session, line.trim(), terminal))) break;
    } finally {
      terminal.close();
      session.chat.dispose();
    }
  });
}

interface Session {
  readonly chat: Chat;
  readonly options: ChatOptions;
  readonly limits: PixelOptions & { readonly totalPixels?: number };
  /** An error in the words of the command's user. */
  readonly messageOf: (error: Error) => string;
  history: readonly Message[];
  /** Pictures and clips that go with the next question. */
  pending: readonly ContentPart[];
}

/** Lines of the terminal, each after a prompt, until the input ends. */
async function* lines(terminal: Interface): AsyncGenerator<string, void, void> {
  terminal.setPrompt(errColors.bold('> '));
  terminal.prompt();
  for await (const line of terminal) {
    yield line;
    terminal.prompt();
  }
}

/** One line: a command or a question. Errors are told, and the conversation goes on. @returns false to end. */
async function turn(session: Session, line: string, terminal: Interface): Promise<boolean> {
  const [word = '', ...rest] = line.split(' ');
  const argument = rest.join(' ').trim();
  if (word === '/exit' || word === '/quit') return false;
  if (word === '/new') {
    session.history = [];
    session.pending = [];
  } else if (word === '/image' && argument) session.pending = [...session.pending, imagePart(argument, session.limits)];
  else if (word === '/video' && argument)
    session.pending = [...session.pending, await clipPart([argument], session.limits)];
  else if (word.startsWith('/')) process.stderr.write(help);
  else if (line) await ask(session, line, terminal);
  return true;
}

async function ask(session: Session, question: string, terminal: Interface): Promise<void> {
  const content: ContentPart[] = [...session.pending, { type: 'text', text: question }];
  const messages: Message[] = [...session.history, { role: 'user', content }];
  const controller = new AbortController();
  const interrupt = () => controller.abort();
  terminal.once('SIGINT', interrupt);
  try {
    const answer = await showAnswer(session.chat, messages, { ...session.options, signal: controller.signal });
    session.history = [...messages, { role: 'assistant', content: answer.text }];
    session.pending = [];
    process.stderr.write(`${summary(answer)}\n`);
  } catch (error) {
    if (!(error instanceof VlmkitError)) throw error;
    // What could not be read now would fail at every later question as well.
    session.pending = [];
    process.stderr.write(`${errColors.red('error:')} ${session.messageOf(error)}\n`);
  } finally {
    terminal.off('SIGINT', interrupt);
  }
}
