export type * from './answer.js';
export type { AnswerOptions } from './answer-stream.js';
export type * from './content-parts.js';
export type { InspectOptions, Stages } from './inspect.js';
export { type LoadQwenVLOptions, loadQwenVL, readModelInfo } from './load.js';
export type { MediaProgress, MediaRequest, MediaSource } from './media.js';
export { type Message, type NormalisedMessage, parseMessages } from './messages.js';
export type { QwenModelInfo, VisionPreprocessing } from './model-info.js';
export { checkModules, type LoadModulesOptions, loadQwenModules } from './modules.js';
export type { AddedTokensInText, Prompt, PromptOptions } from './prompt.js';
export {
  type AskManyOptions,
  type AskRequest,
  type Chat,
  type ChatOptions,
  QwenVL,
  type QwenVLParts,
} from './qwen-vl.js';
