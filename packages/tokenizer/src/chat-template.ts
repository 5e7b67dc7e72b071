import { Template } from '@huggingface/jinja';
import { ConfigError, PromptError } from '@vlmkit/core';
import { type ChatMessage, type ContentPart, checkMessages } from './chat-messages.js';

/** Jinja sources by name; a checkpoint with one template calls it `default`. */
export type ChatTemplates = Readonly<Record<string, string>>;

/** Where a checkpoint may keep its templates. */
export interface ChatTemplateSources {
  /** Text of chat_template.jinja. */
  readonly jinja?: string | undefined;
  /** Parsed chat_template.json. */
  readonly json?: unknown;
  /** Parsed tokenizer_config.json. */
  readonly tokenizerConfig?: unknown;
}

/**
 * A checkpoint's chat templates: chat_template.jinja wins over chat_template.json, and that over tokenizer_config.json, whose
 * `chat_template` is a string or a list of `{ name, template }`. Empty when the checkpoint has none.
 *
 * @throws ConfigError when `chat_template` has another shape.
 */
export function resolveChatTemplates({ jinja, json, tokenizerConfig }: ChatTemplateSources): ChatTemplates {
  if (jinja !== undefined) return { default: jinja };
  for (const [file, config] of Object.entries({
    'chat_template.json': json,
    'tokenizer_config.json': tokenizerConfig,
  })) {
    const template = isRecord(config) ? config.chat_template : undefined;
    if (template == null) continue;
    if (typeof template === 'string') return { default: template };
    if (Array.isArray(template) && template.every(isNamedTemplate)) {
      return Object.fromEntries(template.map((entry) => [entry.name, entry.template]));
    }
    throw new ConfigError(`chat_template in ${file} cannot be read.`, {
      expected: 'a string or a list of { name, template }',
      actual: Array.isArray(template) ? 'a list of something else' : typeof template,
    });
  }
  return {};
}

/** Options of rendering a conversation. */
export interface ChatTemplateOptions {
  /** End the prompt where the assistant's answer begins (default true). */
  readonly addGenerationPrompt?: boolean | undefined;
  /** Number pictures and videos, as in `Picture 1: ` (default false). */
  readonly addVisionId?: boolean | undefined;
  /** Tools that the model may call, in OpenAI's JSON shape. Templates without tools ignore them, so that is an error. */
  readonly tools?: readonly unknown[] | undefined;
  /** A named template; otherwise `tool_use` when there are tools and such a template, else `default`. */
  readonly template?: string | undefined;
  /** Further variables that the template reads. */
  readonly variables?: Readonly<Record<string, unknown>> | undefined;
}

/** Renders conversations. */
export type ChatRenderer = (messages: readonly ChatMessage[], options?: ChatTemplateOptions) => string;

/**
 * Compiles templates.
 *
 * @param variables What every template may read, such as `eos_token`.
 * @throws ConfigError when a template does not parse.
 */
export function createChatRenderer(
  templates: ChatTemplates,
  variables: Readonly<Record<string, unknown>> = {},
): ChatRenderer {
  const compiled = new Map(Object.entries(templates).map(([name, source]) => [name, compile(name, source)]));
  return (messages, options = {}) => {
    checkMessages(messages);
    const template = chooseTemplate(compiled, options);
    const view = messages.map((message) => ({ ...message, content: contentView(message.content, template.visual) }));
    const { addGenerationPrompt = true, addVisionId, tools } = options;
    try {
      return template.program.render({
        ...variables,
        ...options.variables,
        messages: view,
        tools: tools ?? null,
        documents: null,
        add_generation_prompt: addGenerationPrompt,
        ...(addVisionId === undefined ? {} : { add_vision_id: addVisionId }),
      });
    } catch (cause) {
      throw new PromptError('The chat template refused the conversation.', {
        actual: cause instanceof Error ? `"${cause.message}"` : String(cause),
        remedy: 'Check the order of roles and the fields of each message.',
        cause,
      });
    }
  };
}

interface CompiledTemplate {
  readonly program: Template;
  /** Knows pictures, and so takes content as a list of parts. */
  readonly visual: boolean;
  /** Mentions tools. */
  readonly tools: boolean;
}

function compile(name: string, source: string): CompiledTemplate {
  try {
    return { program: new Template(source), visual: /\bimage/.test(source), tools: /\btools\b/.test(source) };
  } catch (cause) {
    throw new ConfigError(`The chat template "${name}" does not parse.`, {
      actual: cause instanceof Error ? `"${cause.message}"` : String(cause),
      cause,
    });
  }
}

function chooseTemplate(
  compiled: ReadonlyMap<string, CompiledTemplate>,
  { template: name, tools }: ChatTemplateOptions,
): CompiledTemplate {
  if (compiled.size === 0) {
    throw new ConfigError('The checkpoint has no chat template.', {
      expected: 'chat_template.jinja, chat_template.json, or chat_template in tokenizer_config.json',
      remedy: 'Use the instruct variant of the model, pass a chatTemplate, or encode a plain text prompt.',
    });
  }
  const hasTools = tools !== undefined && tools.length > 0;
  const wanted = name ?? (hasTools && compiled.has('tool_use') ? 'tool_use' : 'default');
  const template = compiled.get(wanted);
  if (template === undefined) {
    throw new PromptError(`The checkpoint has no chat template named "${wanted}".`, {
      expected: `one of ${[...compiled.keys()].join(', ')}`,
    });
  }
  if (hasTools && !template.tools) {
    throw new PromptError('The chat template of this model does not take tools.', {
      remedy: 'Leave tools out, or use a checkpoint whose template lists them.',
    });
  }
  return template;
}

/** Content as the template reads it: binary media are replaced, as templates only ask whether they are there. */
function contentView(content: ChatMessage['content'], visual: boolean): unknown {
  if (content == null) return '';
  if (typeof content === 'string') return content;
  if (visual) return content.map(partView);
  return content
    .map((part) => {
      if (part.type === 'text') return part.text;
      throw new PromptError(`The chat template of this model takes text only.`, {
        actual: `a part of type ${part.type}`,
        remedy: 'Use a vision-language checkpoint to ask about pictures.',
      });
    })
    .join('');
}

/** Templates ask whether a part has a key, and take one that stands for nothing for a picture. */
function partView(part: ContentPart): ContentPart {
  const stated = Object.entries(part).filter(([, value]) => value !== undefined);
  return Object.fromEntries(stated.map(([key, value]) => [key, mediaKeys.includes(key) ? '' : value])) as typeof part;
}

const mediaKeys: readonly string[] = ['image', 'image_url', 'video'];

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function isNamedTemplate(value: unknown): value is { readonly name: string; readonly template: string } {
  return isRecord(value) && typeof value.name === 'string' && typeof value.template === 'string';
}
