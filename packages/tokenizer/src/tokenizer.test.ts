import { readFileSync } from 'node:fs';
import { ConfigError, PromptError } from '@vlmkit/core';
import { describe, expect, it } from 'vitest';
import {
  type ChatMessage,
  createStreamDecoder,
  createTokenizer,
  loadTokenizer,
  resolveChatTemplates,
} from './index.js';

interface GoldenText {
  readonly text: string;
  readonly ids: readonly number[];
  readonly plain: readonly number[];
  readonly decoded: string;
  readonly skipped: string;
}

interface GoldenChat {
  readonly messages: readonly ChatMessage[];
  readonly tools?: readonly unknown[];
  readonly add_generation_prompt?: boolean;
  readonly add_vision_id?: boolean;
  readonly text: string;
  readonly ids: readonly number[];
}

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
const golden = JSON.parse(read('fixtures/tokenizer/golden.json')) as {
  readonly size: number;
  readonly texts: readonly GoldenText[];
  readonly sequences: readonly Omit<GoldenText, 'text' | 'plain'>[];
  readonly visionChats: readonly GoldenChat[];
  readonly textChats: readonly GoldenChat[];
};
const checkpoint = 'packages/demo-model/checkpoint';
const tokenizerJson = JSON.parse(read(`${checkpoint}/tokenizer.json`)) as Record<string, unknown>;
const tokenizerConfig = JSON.parse(read(`${checkpoint}/tokenizer_config.json`)) as Record<string, unknown>;
const tokenizer = createTokenizer({ tokenizerJson, tokenizerConfig });

function optionsOf({ tools, add_generation_prompt: addGenerationPrompt, add_vision_id: addVisionId }: GoldenChat) {
  return {
    ...(tools === undefined ? {} : { tools }),
    ...(addGenerationPrompt === undefined ? {} : { addGenerationPrompt }),
    ...(addVisionId === undefined ? {} : { addVisionId }),
  };
}

describe('encode and decode', () => {
  it('equal the reference on every text', () => {
    expect(golden.texts.length).toBeGreaterThan(100);
    for (const { text, ids, plain, decoded, skipped } of golden.texts) {
      expect(tokenizer.encode(text), JSON.stringify(text)).toEqual(ids);
      expect(tokenizer.encode(text, { addedTokens: 'plain' }), JSON.stringify(text)).toEqual(plain);
      expect(tokenizer.decode(ids)).toBe(decoded);
      expect(tokenizer.decode(ids, { skipSpecialTokens: true })).toBe(skipped);
    }
  });

  it('equal the reference on tokens that do not make whole characters', () => {
    expect(golden.sequences.some(({ decoded }) => decoded.includes('\ufffd'))).toBe(true);
    for (const { ids, decoded, skipped } of golden.sequences) {
      expect(tokenizer.decode(ids)).toBe(decoded);
      expect(tokenizer.decode(ids, { skipSpecialTokens: true })).toBe(skipped);
    }
  });

  it('know their vocabulary', () => {
    expect(tokenizer.vocabularySize).toBe(golden.size);
    const id = tokenizer.tokenId('<|image_pad|>')!;
    expect(tokenizer.encode('<|image_pad|>')).toEqual([id]);
    expect(tokenizer.specialIds.has(id)).toBe(true);
    expect(tokenizer.addedTokens.get('<|image_pad|>')).toBe(id);
    expect(tokenizer.tokenId('<|no such token|>')).toBeUndefined();
    expect(tokenizer.decode([golden.size, golden.size + 1000])).toBe('');
  });

  it('take added tokens that only tokenizer_config.json lists', () => {
    const older = createTokenizer({
      tokenizerJson,
      tokenizerConfig: { ...tokenizerConfig, added_tokens_decoder: { 1024: { content: '<|new|>', special: true } } },
    });
    expect(older.encode('a<|new|>')).toEqual([...tokenizer.encode('a'), 1024]);
    expect(older.decode([1024], { skipSpecialTokens: true })).toBe('');
    expect(older.vocabularySize).toBe(1025);
  });

  it('reject what is not text', () => {
    expect(() => tokenizer.encode(undefined as unknown as string)).toThrow(PromptError);
  });
});

describe('createStreamDecoder', () => {
  it('gives in pieces what decode gives at once', () => {
    for (const { ids, decoded, skipped } of [...golden.texts, ...golden.sequences]) {
      for (const skipSpecialTokens of [false, true]) {
        const stream = createStreamDecoder(tokenizer, { skipSpecialTokens });
        const pieces = ids.map((id) => stream.push(id));
        expect(pieces.join('') + stream.flush()).toBe(skipSpecialTokens ? skipped : decoded);
      }
    }
  });

  it('holds back an unfinished character', () => {
    const ids = tokenizer.encode('👍');
    expect(ids.length).toBeGreaterThan(1);
    const stream = createStreamDecoder(tokenizer);
    const pieces = ids.map((id) => stream.push(id));
    expect(pieces).toEqual([...new Array(ids.length - 1).fill(''), '👍']);
    expect(stream.flush()).toBe('');
  });

  it('marks a character that never ends, and starts over', () => {
    const ids = tokenizer.encode('👍');
    const stream = createStreamDecoder(tokenizer);
    expect(stream.push(ids[0]!)).toBe('');
    expect(stream.flush()).toBe('\ufffd');
    expect(ids.map((id) => stream.push(id)).join('')).toBe('👍');
  });
});

describe('applyChatTemplate', () => {
  it('equals the reference on conversations with pictures and clips', () => {
    for (const chat of golden.visionChats) {
      const text = tokenizer.applyChatTemplate(chat.messages, optionsOf(chat));
      expect(text).toBe(chat.text);
      expect(tokenizer.encode(text)).toEqual(chat.ids);
    }
  });

  it('equals the reference on a text model’s template, with its own system prompt and tools', () => {
    const jinja = read('fixtures/tokenizer/qwen2.5-text.jinja');
    const textModel = createTokenizer({ tokenizerJson, tokenizerConfig, chatTemplate: jinja });
    for (const chat of golden.textChats) {
      const text = textModel.applyChatTemplate(chat.messages, optionsOf(chat));
      expect(text).toBe(chat.text);
      expect(textModel.encode(text)).toEqual(chat.ids);
    }
    const parts = [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'H' },
          { type: 'text', text: 'i' },
        ],
      },
    ];
    expect(textModel.applyChatTemplate(parts)).toBe(golden.textChats[0]!.text);
    const picture = [{ role: 'user', content: [{ type: 'image', image: 'a.png' }] }];
    expect(() => textModel.applyChatTemplate(picture)).toThrow(/takes text only/);
  });

  it('does not look into binary pictures', () => {
    const messages = (image: unknown) => [{ role: 'user', content: [{ type: 'image', image }] }];
    const image = Object.defineProperty({}, 'bytes', { enumerable: true, get: () => expect.unreachable() });
    expect(tokenizer.applyChatTemplate(messages(image))).toBe(tokenizer.applyChatTemplate(messages('a.png')));
  });

  it('does not take a field without a value for a picture', () => {
    const ask = (part: object) => [{ role: 'user', content: [{ type: 'text', text: 'hi', ...part }] }];
    const bare = tokenizer.applyChatTemplate(ask({}));
    expect(tokenizer.applyChatTemplate(ask({ image: undefined, image_url: undefined, video: undefined }))).toBe(bare);
  });

  it('chooses among named templates', () => {
    const chatTemplate = { default: 'plain', tool_use: '{{ tools | length }} tools', other: 'other' };
    const named = createTokenizer({ tokenizerJson, chatTemplate });
    const hi = [{ role: 'user', content: 'Hi' }];
    expect(named.applyChatTemplate(hi)).toBe('plain');
    expect(named.applyChatTemplate(hi, { tools: [{}] })).toBe('1 tools');
    expect(named.applyChatTemplate(hi, { template: 'other' })).toBe('other');
    expect(() => named.applyChatTemplate(hi, { template: 'none' })).toThrow(PromptError);
  });

  it.each<readonly [string, readonly ChatMessage[], RegExp]>([
    ['an empty conversation', [], /at least one message/],
    ['a message without role', [{ content: 'x' } as unknown as ChatMessage], /Message 1 has no role/],
    ['a message without content', [{ role: 'user' }], /Message 1 has no content/],
    ['an unknown part', [{ role: 'user', content: [{ type: 'audio' }] }], /unknown type.*"audio"/],
    ['a text part without text', [{ role: 'user', content: [{ type: 'text' }] }], /without text/],
  ])('rejects %s', (_, messages, message) => {
    expect(() => tokenizer.applyChatTemplate(messages)).toThrow(PromptError);
    expect(() => tokenizer.applyChatTemplate(messages)).toThrow(message);
  });

  it('rejects tools where the template has none, and reports what a template raises', () => {
    const hi = [{ role: 'user', content: 'Hi' }];
    expect(() => tokenizer.applyChatTemplate(hi, { tools: [{}] })).toThrow(/does not take tools/);
    const strict = createTokenizer({ tokenizerJson, chatTemplate: "{{ raise_exception('roles must alternate') }}" });
    expect(() => strict.applyChatTemplate(hi)).toThrow(/roles must alternate/);
  });

  it('says that a checkpoint has no template, or a broken one', () => {
    const hi = [{ role: 'user', content: 'Hi' }];
    expect(() => createTokenizer({ tokenizerJson }).applyChatTemplate(hi)).toThrow(ConfigError);
    expect(() => createTokenizer({ tokenizerJson, chatTemplate: '{% if %}' })).toThrow(ConfigError);
  });
});

describe('resolveChatTemplates', () => {
  const config = { chat_template: [{ name: 'default', template: 'config' }] };

  it('prefers chat_template.jinja, then chat_template.json, then tokenizer_config.json', () => {
    const sources = { jinja: 'jinja', json: { chat_template: 'json' }, tokenizerConfig: config };
    expect(resolveChatTemplates(sources)).toEqual({ default: 'jinja' });
    expect(resolveChatTemplates({ ...sources, jinja: undefined })).toEqual({ default: 'json' });
    expect(resolveChatTemplates({ tokenizerConfig: config })).toEqual({ default: 'config' });
    expect(resolveChatTemplates({})).toEqual({});
    expect(() => resolveChatTemplates({ tokenizerConfig: { chat_template: [1] } })).toThrow(ConfigError);
  });
});

describe('loadTokenizer', () => {
  it('reads a checkpoint’s files', async () => {
    const files: Readonly<Record<string, string>> = {
      'tokenizer.json': JSON.stringify(tokenizerJson),
      'chat_template.json': JSON.stringify({ chat_template: 'from the file' }),
    };
    const loaded = await loadTokenizer(async (name) => files[name]);
    expect(loaded.encode('Hello')).toEqual(tokenizer.encode('Hello'));
    expect(loaded.applyChatTemplate([{ role: 'user', content: '' }])).toBe('from the file');
  });

  it.each<readonly [string, Readonly<Record<string, string>>]>([
    ['no tokenizer.json', {}],
    ['a cut-off file', { 'tokenizer.json': '{"model": {' }],
    ['a list', { 'tokenizer.json': '[]' }],
    ['a tokenizer of another kind', { 'tokenizer.json': '{"model": {"type": "Unigram"}, "decoder": null}' }],
    [
      'a tokenizer without merges',
      { 'tokenizer.json': '{"model": {"type": "BPE"}, "decoder": {"type": "ByteLevel"}}' },
    ],
  ])('rejects %s', async (_, files) => {
    await expect(loadTokenizer(async (name) => files[name])).rejects.toThrow(ConfigError);
  });
});
