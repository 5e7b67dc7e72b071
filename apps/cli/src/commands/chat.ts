import { createInterface, type Interface } from 'node:readline/promises';
import { Command } from 'commander';
import { type ChatSession, chatHelp, takeLine } from '../chat-session.js';
import { withTotalPixels } from '../clip-options.js';
import { errColors } from '../colors.js';
import { chatOptions, type GenerationOptions, withGenerationOptions } from '../generation-options.js';
import { requireMedia } from '../media-files.js';
import { type ModelOptions, withModel, withModelOptions } from '../model-options.js';
import { withOptions } from '../option-groups.js';
import { messageForUser } from '../option-names.js';
import { imagePart, type PixelOptions, withPixelOptions } from '../pixel-options.js';
import { createProgress } from '../progress.js';

interface ChatCommandOptions extends ModelOptions, PixelOptions, GenerationOptions {
  readonly totalPixels?: number;
  readonly image?: readonly string[];
}

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
    const session: ChatSession = {
      chat: model.createChat(),
      options: chatOptions(options),
      limits: options,
      progress,
      isInteractive: process.stdin.isTTY === true,
      messageOf: (error) => messageForUser(error, command),
      history: [],
      pending: pictures,
    };
    if (session.isInteractive) process.stderr.write(chatHelp);
    try {
      for await (const line of lines(terminal, session)) if (!(await takeLine(session, line.trim(), terminal))) break;
    } finally {
      terminal.close();
      session.chat.dispose();
    }
  });
}

/** Lines of the terminal, each after a prompt, or of a script, until the input ends. */
async function* lines(terminal: Interface, { isInteractive }: ChatSession): AsyncGenerator<string, void, void> {
  terminal.setPrompt(isInteractive ? errColors.bold('> ') : '');
  terminal.prompt();
  for await (const line of terminal) {
    yield line;
    terminal.prompt();
  }
}
