import { PromptError } from '@vlmkit/core';
import { type ChatMessage, checkMessages, mapTexts, textsOf } from './chat-messages.js';
import type { ChatTemplateOptions } from './chat-template.js';
import { mapStrings, stringsOf } from './json-strings.js';
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

/**
 * Renders, encodes and expands a conversation.
 *
 * @throws PromptError when the conversation does not fit the template, its texts hold a placeholder of a picture, or its parts do not
 *   match the segments.
 */
export function encodeChat(input: EncodeChatInput): EncodedChat {
  const { tokenizer, messages, segments = [], spatialMergeSize = 2, addedTokensInText = 'parse' } = input;
  checkMessages(messages);
  const names = ['<|image_pad|>', '<|video_pad|>'] as const;
  const [image = -1, video = -1] = names.map((name) => tokenizer.tokenId(name));
  if (addedTokensInText === 'parse') rejectPlaceholders(input, names);
  const { text, tokenIds } = addedTokensInText === 'parse' ? encodeParsed(input) : encodePlainTexts(input);
  if (segments.length === 0 && !messages.some(hasMedia)) {
    return { text, tokenIds, spans: [] };
  }
  return { text, ...expandVisualTokens({ tokenIds, segments, spatialMergeSize, tokens: { image, video } }) };
}

interface Rendered {
  readonly text: string;
  readonly tokenIds: readonly number[];
}

function encodeParsed({ tokenizer, messages, ...options }: EncodeChatInput): Rendered {
  const text = tokenizer.applyChatTemplate(messages, options);
  return { text, tokenIds: tokenizer.encode(text) };
}

/** Marks every added token's name inside a text, so that only those which the template wrote are found after rendering. */
function encodePlainTexts({ tokenizer, messages, tools, ...options }: EncodeChatInput): Rendered {
  const names = [...tokenizer.addedTokens.keys()].sort((a, b) => b.length - a.length);
  if (names.length === 0) return encodeParsed({ tokenizer, messages, ...(tools && { tools }), ...options });
  const marker = unusedCharacter([...messages.flatMap(textsOf), ...stringsOf(tools)]);
  const pattern = names.map((name) => name.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|');
  const inText = new RegExp(pattern, 'gu');
  const mark = (text: string) => {
    const marked = text.replace(inText, (name) => name.charAt(0) + marker + name.slice(1));
    return names.some((name) => endsWithin(text, name)) ? marked + marker : marked;
  };
  const rendered = tokenizer.applyChatTemplate(mapTexts(messages, mark), {
    ...options,
    ...(tools && { tools: mapStrings(tools, mark) }),
  });
  const tokenIds = rendered.split(new RegExp(`(${pattern})`, 'u')).flatMap((section) => {
    const id = tokenizer.addedTokens.get(section);
    return id === undefined ? tokenizer.encode(section.replaceAll(marker, ''), { addedTokens: 'plain' }) : [id];
  });
  return { text: rendered.replaceAll(marker, ''), tokenIds };
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

function rejectPlaceholders({ messages, tools }: EncodeChatInput, names: readonly string[]): void {
  const places: (readonly [words: string, texts: readonly string[]])[] = [
    ...messages.map((message, index) => [`The text of message ${index + 1} holds`, textsOf(message)] as const),
    ['The tools hold', stringsOf(tools)],
  ];
  for (const [words, texts] of places) {
    const name = names.find((candidate) => texts.some((text) => text.includes(candidate)));
    if (name === undefined) continue;
    throw new PromptError(`${words} ${name}, which would be taken for a picture or clip.`, {
      expected: 'pictures and clips as parts of their own, { type: "image", image }',
      remedy:
        'Remove it from the text, or encode the conversation with addedTokensInText: "plain" to have it read as written.',
    });
  }
}
