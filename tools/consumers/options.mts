// Compiles only where every optional field of these may be given as undefined, in a project with exactOptionalPropertyTypes.
import type { ConvertOptions, HttpFilesOptions, QuantizeOptions } from '@vlmkit/checkpoint';
import type { HubCacheOptions } from '@vlmkit/checkpoint/node';
import type { GroundingConstraint, JsonConstraint } from '@vlmkit/constrain';
import type { NodeCompilerOptions } from '@vlmkit/constrain/node';
import type {
  BackboneInput,
  ErrorDetails,
  ForwardOptions,
  RunOptions,
  SessionOptions,
  WorkOptions,
} from '@vlmkit/core';
import type { GroundAnswerOptions } from '@vlmkit/grounding';
import type { CreateMergerInput } from '@vlmkit/merger';
import type { RopeIndexInput, RotaryTablesInput, VisionRotaryInput } from '@vlmkit/mrope';
import type { FrameSequence, PreprocessImageOptions, PreprocessVideoFileOptions } from '@vlmkit/preprocess';
import type { PoolImageOptions, PoolResizeOptions, PreprocessPoolOptions } from '@vlmkit/preprocess/node';
import type { SharpDecoderOptions } from '@vlmkit/preprocess/sharp';
import type { ContactSheetOptions, NodeVideoDecoderOptions } from '@vlmkit/preprocess/video-node';
import type { DecoderGraphOptions, GenerateTokensOptions, QwenLlmOptions, SamplingOptions } from '@vlmkit/qwen-llm';
import type {
  AskManyOptions,
  AskRequest,
  ChatOptions,
  InspectOptions,
  LoadQwenVLOptions,
  Message,
  PromptOptions,
  VideoPart,
} from '@vlmkit/qwen-vl';
import type { NodeMediaOptions } from '@vlmkit/qwen-vl/node';
import type { NodeRuntimeOptions } from '@vlmkit/runtime-node';
import type { ChatMessage, EncodeChatInput } from '@vlmkit/tokenizer';
import type { CreateVitInput } from '@vlmkit/vit';

/** The optional fields of T that refuse undefined. */
type Refusing<T> = {
  [K in keyof T]-?: Record<never, never> extends Pick<T, K>
    ? { readonly [P in K]: undefined } extends Pick<T, K>
      ? never
      : K
    : never;
}[keyof T];

/** An error where T has such fields, which names them. */
function accepts<T>(..._refusing: [Refusing<T>] extends [never] ? [] : [Refusing<T>]): void {}

accepts<ConvertOptions>();
accepts<HttpFilesOptions>();
accepts<QuantizeOptions>();
accepts<HubCacheOptions>();
accepts<GroundingConstraint>();
accepts<JsonConstraint>();
accepts<NodeCompilerOptions>();
accepts<BackboneInput>();
accepts<ErrorDetails>();
accepts<ForwardOptions>();
accepts<RunOptions>();
accepts<SessionOptions>();
accepts<WorkOptions>();
accepts<GroundAnswerOptions>();
accepts<CreateMergerInput>();
accepts<RopeIndexInput>();
accepts<RotaryTablesInput>();
accepts<VisionRotaryInput>();
accepts<FrameSequence>();
accepts<PreprocessImageOptions>();
accepts<PreprocessVideoFileOptions>();
accepts<PoolImageOptions>();
accepts<PoolResizeOptions>();
accepts<PreprocessPoolOptions>();
accepts<SharpDecoderOptions>();
accepts<ContactSheetOptions>();
accepts<NodeVideoDecoderOptions>();
accepts<DecoderGraphOptions>();
accepts<GenerateTokensOptions>();
accepts<QwenLlmOptions>();
accepts<SamplingOptions>();
accepts<AskManyOptions>();
accepts<AskRequest>();
accepts<ChatOptions>();
accepts<InspectOptions>();
accepts<LoadQwenVLOptions>();
accepts<Message>();
accepts<PromptOptions>();
accepts<VideoPart>();
accepts<NodeMediaOptions>();
accepts<NodeRuntimeOptions>();
accepts<ChatMessage>();
accepts<EncodeChatInput>();
accepts<CreateVitInput>();
