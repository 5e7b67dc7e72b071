import type { AbortSignalLike } from './abort.js';
import type { DeviceTensor } from './runtime.js';
import type { GridThw } from './segments.js';
import type { Tensor } from './tensor.js';

/*
 * The five modules of a multimodal LLM (Zhang et al., "MM-LLMs", 2024):
 *
 *   picture ─► ModalityEncoder ─► InputProjector ─► LanguageBackbone ─► OutputProjector ─► ModalityGenerator ─► picture
 *                                                        ▲    │
 *                                               tokens ──┘    └──► tokens
 *
 * Legend:
 * - p: patches         - e: width of the encoder
 * - v: visual tokens   - h: width of the backbone
 * - s: tokens fed      - n: logit rows asked for
 */

/** What an encoder takes: the patches of one picture or clip. */
export interface EncoderInput {
  /** [p, d] float32. */
  readonly patches: Tensor<'float32'>;
  readonly grid: GridThw;
}

/** Options that every module's work takes. */
export interface WorkOptions {
  readonly signal?: AbortSignalLike | undefined;
}

/** Turns the patches of a picture or clip into features. */
export interface ModalityEncoder {
  /** Width e of a feature. */
  readonly featureSize: number;
  /** Features [p, e], in the order of the patches, on the device. The caller disposes of them. */
  encode(input: EncoderInput, options?: WorkOptions): Promise<DeviceTensor>;
  /** Absent where inputs can only be encoded one at a time. */
  readonly joint?: JointEncoder | undefined;
  dispose(): Promise<void>;
}

/** Encodes several pictures and clips of any sizes in one run. */
export interface JointEncoder {
  /** Which neighbours are faster in one run: the indexes of every run, in order. */
  plan(grids: readonly GridThw[]): readonly (readonly number[])[];
  /** The features [p, e] of all inputs, one after the other, equal to those of separate runs. The caller disposes of them. */
  encode(inputs: readonly EncoderInput[], options?: WorkOptions): Promise<DeviceTensor>;
}

/** Maps encoder features into the backbone's embedding space. */
export interface InputProjector {
  /** Encoder features that become one visual token (4 for a 2x2 merge). */
  readonly featuresPerToken: number;
  /** Width h of a visual token. */
  readonly tokenSize: number;
  /** [p, e] to [v, h], v = p / featuresPerToken. The caller disposes of the result. */
  project(features: DeviceTensor, options?: WorkOptions): Promise<DeviceTensor>;
  dispose(): Promise<void>;
}

/** Tokens fed to the backbone in one call. */
export interface BackboneInput {
  /** s token ids. Ids at visual slots are ignored where `visual` covers them. */
  readonly tokenIds: readonly number[];
  /** [3, s]: temporal, height and width position of every token. */
  readonly positions: Tensor<'int64'>;
  /** Visual tokens that replace embeddings: row `rows[i]` of `features` stands at `tokenIds[slots[i]]`. */
  readonly visual?: VisualTokens | undefined;
}

/** Visual tokens and the slots they fill. */
export interface VisualTokens {
  /** [v, h]. */
  readonly features: Tensor<'float32'> | DeviceTensor;
  readonly slots: readonly number[];
  readonly rows: readonly number[];
}

/** Options of one call of the backbone. */
export interface ForwardOptions extends WorkOptions {
  /** How many of the last fed tokens to compute logits for (default 1). */
  readonly logitRows?: number | undefined;
  /** Also return hidden states of those tokens, after the final norm, for an output projector. */
  readonly hiddenStates?: boolean | undefined;
}

/** What the backbone returns. */
export interface ForwardResult {
  /** [n, vocabulary] float32. */
  readonly logits: Tensor<'float32'>;
  /** [n, h], when asked for. */
  readonly hiddenStates?: Tensor<'float32'>;
}

/** The state of one generation: its KV cache. One per request. */
export interface BackboneState {
  /** Tokens in the cache. */
  readonly length: number;
  /** Tokens that fit. */
  readonly capacity: number;
  /** Bytes reserved for the cache. */
  readonly byteLength: number;
  /** Feeds tokens after those in the cache. Long inputs are chunked; an abort leaves the cache as it was. */
  forward(input: BackboneInput, options?: ForwardOptions): Promise<ForwardResult>;
  /** Forgets the tokens from `length` on. */
  truncate(length: number): void;
  /**
   * Makes room for `capacity` tokens and keeps those in the cache, which may take the memory of both caches for a while. A
   * failure or an abort leaves the state as it was. Absent where a state cannot grow.
   */
  grow?(capacity: number, options?: WorkOptions): Promise<void>;
  dispose(): void;
}

/** The decoder. */
export interface LanguageBackbone {
  readonly hiddenSize: number;
  readonly vocabularySize: number;
  /** Most tokens of one sequence. */
  readonly contextLength: number;
  /** Starts a generation that will hold at most `capacity` tokens. */
  createState(capacity: number): BackboneState;
  /**
   * Starts generations that run together, one for each capacity. A run starts when every state that is not disposed of
   * has called `forward`, and reads the weights once for all. Absent where the backbone cannot.
   */
  createBatch?(capacities: readonly number[]): readonly BackboneState[];
  dispose(): Promise<void>;
}

/** Maps the backbone's hidden states into a generator's conditioning space. Optional in an assembly. */
export interface OutputProjector {
  readonly conditionSize: number;
  /** [n, h] to [n, conditionSize]. */
  project(hiddenStates: Tensor<'float32'>, options?: WorkOptions): Promise<Tensor<'float32'>>;
  dispose(): Promise<void>;
}

/** Produces another modality from projected states. Optional in an assembly. */
export interface ModalityGenerator<Output = unknown> {
  readonly modality: 'image' | 'video' | 'audio';
  generate(conditions: Tensor<'float32'>, options?: WorkOptions): Promise<Output>;
  dispose(): Promise<void>;
}

/** The modules of one model. The first three make an image-to-text model; the last two add generation. */
export interface ModelModules {
  readonly encoder?: ModalityEncoder;
  readonly inputProjector?: InputProjector;
  readonly backbone: LanguageBackbone;
  readonly outputProjector?: OutputProjector;
  readonly generator?: ModalityGenerator;
}
