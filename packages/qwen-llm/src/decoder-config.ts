/** What the decoder takes from a checkpoint's config. */
export interface DecoderConfig {
  readonly hiddenSize: number;
  /** Width of the MLP's hidden layer. */
  readonly intermediateSize: number;
  readonly numHiddenLayers: number;
  /** Query heads. */
  readonly numAttentionHeads: number;
  /** Key and value heads; each serves numAttentionHeads / numKeyValueHeads query heads (Ainslie et al. 2023). */
  readonly numKeyValueHeads: number;
  /** Width of a head. */
  readonly headDim: number;
  /** Rows of the embedding, including the padded end that no token uses. */
  readonly vocabSize: number;
  /** Most tokens of one sequence. */
  readonly maxPositionEmbeddings: number;
  readonly rmsNormEps: number;
  readonly ropeTheta: number;
  /** Half-dimensions of a head that follow the temporal, height and width axes; absent in text-only models. */
  readonly mropeSection?: readonly number[];
  /** Name of the MLP's activation. */
  readonly hiddenAct: string;
}
