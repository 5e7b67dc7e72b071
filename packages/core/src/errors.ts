/** What every vlmkit error tells: the thing at fault, what was expected, what was found, and what to do. */
export interface ErrorDetails {
  /** What a correct input would have been. */
  readonly expected?: string | undefined;
  /** What was found instead. */
  readonly actual?: string | undefined;
  /** What the reader can do about it. */
  readonly remedy?: string | undefined;
  readonly cause?: unknown;
}

/** Base of every error that vlmkit throws on purpose. Its message is written for people. */
export class VlmkitError extends Error {
  readonly expected: string | undefined;
  readonly actual: string | undefined;
  readonly remedy: string | undefined;

  constructor(what: string, details: ErrorDetails = {}) {
    const sentences = [
      what,
      details.expected && `Expected ${details.expected}.`,
      details.actual && `Found ${details.actual}.`,
      details.remedy,
    ];
    super(sentences.filter(Boolean).join(' '), { cause: details.cause });
    this.name = new.target.name;
    this.expected = details.expected;
    this.actual = details.actual;
    this.remedy = details.remedy;
  }
}

/** config.json (or a sibling) is missing, unreadable, or states something that vlmkit cannot run. */
export class ConfigError extends VlmkitError {}

/** A checkpoint's weights are missing, truncated, misnamed or of the wrong shape. */
export class WeightError extends VlmkitError {}

/** An image or video cannot be read or is outside what the model takes. */
export class MediaError extends VlmkitError {}

/** A conversation, prompt or option that the model cannot be asked. */
export class PromptError extends VlmkitError {}

/** The device, its libraries or a session on it failed. */
export class RuntimeError extends VlmkitError {}

/** A graph was assembled wrongly: mismatched shapes, a name used twice, a missing input. */
export class GraphError extends VlmkitError {}

/** An AbortSignal ended the work. `name` is 'AbortError', as the platform's own is. */
export class AbortError extends VlmkitError {
  constructor(what = 'The operation was aborted.') {
    super(what);
    this.name = 'AbortError';
  }
}
