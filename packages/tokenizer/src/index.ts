export type { ChatMessage, ContentPart } from './chat-messages.js';
export * from './chat-template.js';
export * from './encode-chat.js';
export * from './load-tokenizer.js';
export * from './stream-decoder.js';
export {
  createTokenizer,
  type DecodeOptions,
  type EncodeOptions,
  type SlicedEncodeOptions,
  type Tokenizer,
  type TokenizerInput,
} from './tokenizer.js';
export * from './visual-tokens.js';
