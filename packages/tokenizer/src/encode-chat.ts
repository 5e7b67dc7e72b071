import { type AbortSignalLike, PromptError } from '@vlmkit/core';
import { type ChatMessage, checkMessages, mapTexts, textsOf } from './chat-messages.js';
import type { ChatTemplateOptions } from './chat-template.js';
import { mapStrings, stringsOf } from './json-strings.js';
import { namePattern } from './name-pattern.js';
import type { Tokenizer } from './tokenizer.js';
import { type ExpandableSegment, type ExpandedPrompt, expandVisualTokens } from './visual-tokens.js';

/** Arguments of {@link encodeChat}. */
export interface EncodeChatInput extends ChatTemplateOptions {
  readonly tokenizer: Tokenizer;
  readonly messages: readonly ChatMessage[];
  /** Pictures and clips in prompt order (default none). */
  readonly segments?: readonly ExpandableSegment[] | undefined;
  /** `spatial_merge_size` (default 2). Only read when there are segments. */
  readonly spatialMergeSize?: number | undefined;
  /**
   * What to make of names of added tokens (`<|im_end|>`, `<|box_start|>` ...) inside the messages, their calls and roles included,
   * and the tools. `parse`: they become those tokens, as in Hugging Face's processor; a placeholder of a picture is then an
   * error. `plain`: they are text like any other, which keeps untrusted text from closing its own turn. Default `parse`.
   * `variables` are the caller's own, and parsed either way.
   */
  readonly addedTokensInText?: 'parse' | 'plain' | undefined;
}

/** A conversation ready for the model. */
export interface EncodedChat extends ExpandedPrompt {
  /** The rendered conversation, placeholders not expanded. */
  readonly text: string;
}

/** Arguments of {@link encodeChatInSlices}. */
export interface EncodeChatInSlicesInput extends EncodeChatInput {
  /** Looked at between slices. */
  readonly signal?: AbortSignalLike | undefined;
}

/**
 * Renders, encodes and expands a conversation.
 *
 * @throws PromptError when the conversation does not fit the template, its texts hold a placeholder of a picture, or its parts do not
 *   match the segments.
 */
export function encodeChat(input: EncodeChatInput): EncodedChat {
  const { text, sections, addedTokens } = render(input);
  const tokenIds = sections.flatMap((section) =>
    typeof section === 'number' ? [section] : input.tokenizer.encode(section, { addedTokens }),
  );
  return expand(input, { text, tokenIds });
}

/**
 * {@link encodeChat} with pauses in which timers and requests get their turn, for prompts of any length.
 *
 * @throws PromptError as encodeChat does; AbortError when the signal is aborted.
 */
export async function encodeChatInSlices({ signal, ...input }: EncodeChatInSlicesInput): Promise<EncodedChat> {
  const { text, sections, addedTokens } = render(input);
  const tokenIds: number[] = [];
  for (const section of sections) {
    if (typeof section === 'number') tokenIds.push(section);
    else for (const id of await input.tokenizer.encodeInSlices(section, { addedTokens, signal })) tokenIds.push(id);
  }
  return expand(input, { text, tokenIds });
}

/** A conversation as text, and what of it is to be encoded. */
interface Rendered {
  readonly text: string;
  /** The text in order; added tokens that have been found in it already are ids. */
  readonly sections: readonly (string | number)[];
  /** How the sections are encoded. */
  readonly addedTokens: 'parse' | 'plain';
}

function render(input: EncodeChatInput): Rendered {
  checkMessages(input.messages);
  if (input.addedTokensInText === 'plain') return renderPlainTexts(input);
  rejectPlaceholders(input);
  return renderParsed(input);
}

function renderParsed({ tokenizer, messages, ...options }: EncodeChatInput): Rendered {
  const text = tokenizer.applyChatTemplate(messages, options);
  return { text, sections: [text], addedTokens: 'parse' };
}

/** Marks every added token's name inside a text, so that only those which the template wrote are found after rendering. */
function renderPlainTexts({ tokenizer, messages, tools, ...options }: EncodeChatInput): Rendered {
  const names = [...tokenizer.addedTokens.keys()];
  const pattern = namePattern(names);
  if (pattern === undefined) return renderParsed({ tokenizer, messages, ...(tools && { tools }), ...options });
  const marker = unusedCharacter([...messages.flatMap(textsOf), ...stringsOf(tools)]);
  const inText = new RegExp(pattern, 'gu');
  const mark = (text: string) => {
    const marked = text.replace(inText, (name) => name.charAt(0) + marker + name.slice(1));
    return names.some((name) => endsWithin(text, name)) ? marked + marker : marked;
  };
  const rendered = tokenizer.applyChatTemplate(mapTexts(messages, mark), {
    ...options,
    ...(tools && { tools: mapStrings(tools, mark) }),
  });
  const sections = rendered
    .split(new RegExp(`(${pattern})`, 'u'))
    .map((section) => tokenizer.addedTokens.get(section) ?? section.replaceAll(marker, ''));
  return { text: rendered.replaceAll(marker, ''), sections, addedTokens: 'plain' };
}

/** Fills the slots of pictures and clips. */
function expand(
  { tokenizer, messages, segments = [], spatialMergeSize = 2 }: EncodeChatInput,
  { text, tokenIds }: Pick<EncodedChat, 'text' | 'tokenIds'>,
): EncodedChat {
  if (segments.length === 0 && !messages.some(hasMedia)) return { text, tokenIds, spans: [] };
  const [image = -1, video = -1] = placeholderNames.map((name) => tokenizer.tokenId(name));
  return { text, ...expandVisualTokens({ tokenIds, segments, spatialMergeSize, tokens: { image, video } }) };
}

/** Whether a text ends with the beginning of a name, which the text written after it could complete. */
function endsWithin(text: string, name: string): boolean {
  for (let length = 1; length < name.length; length++) if (text.endsWith(name.slice(0, length))) return true;
  return false;
}

/** One of Unicode's noncharacters, which no text should hold, and these do not. */
function unusedCharacter(texts: readonly string[]): string {
  for (let code = 0xfdd0; code <= 0xfdef; code++) {
    const character = String.fromCharCode(code);
    if (!texts.some((text) => text.includes(character))) return character;
  }
  throw new PromptError('The texts of the conversation use every noncharacter from U+FDD0 to U+FDEF.', {
    remedy: 'Remove them: they stand for nothing.',
  });
}

function hasMedia({ content }: ChatMessage): boolean {
  return Array.isArray(content) && content.some((part: { readonly type: string }) => part.type !== 'text');
}

const placeholderNames = ['<|image_pad|>', '<|video_pad|>'] as const;

function rejectPlaceholders({ messages, tools }: EncodeChatInput): void {
  const places: (readonly [words: string, texts: readonly string[]])[] = [
    ...messages.map((message, index) => [`The text of message ${index + 1} holds`, textsOf(message)] as const),
    ['The tools hold', stringsOf(tools)],
  ];
  for (const [words, texts] of places) {
    const name = placeholderNames.find((candidate) => texts.some((text) => text.includes(candidate)));
    if (name === undefined) continue;
    throw new PromptError(`${words} ${name}, which would be taken for a picture or clip.`, {
      expected: 'pictures and clips as parts of their own, { type: "image", image }',
      remedy:
        'Remove it from the text, or encode the conversation with addedTokensInText: "plain" to have it read as written.',
    });
  }
}
