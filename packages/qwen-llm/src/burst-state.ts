import type { BackboneInput, BackboneState, Feed, WorkOptions } from '@vlmkit/core';
import { throwIfAborted } from '@vlmkit/core';
import { CachedState } from './cached-state.js';
import { checkInput } from './decoder-input.js';

/** What a burst starts from. */
export interface BurstInput extends BackboneInput {
  /** The last chosen token. */
  readonly tokenIds: readonly [number];
  /** [3, count] of the token fed and of those chosen in the burst but for the last. */
  readonly positions: BackboneInput['positions'];
  /** Inputs of the choice, for as many tokens. */
  readonly choice: Readonly<Record<string, Feed>>;
}

/** A state whose device chooses several tokens in one run. */
export interface BurstBackboneState extends BackboneState {
  /** Most tokens of a burst. */
  readonly burstLength: number;
  /** Feeds a token and chooses more, up to a stop id. Those chosen but for the last are in the cache afterwards. */
  burst(input: BurstInput, options?: WorkOptions): Promise<readonly number[]>;
}

/** Whether a state decodes in bursts. */
export function isBurstState(state: BackboneState): state is BurstBackboneState {
  return 'burst' in state;
}

/** Long enough that what a run costs beside computing hardly counts, short enough to stream and to abort. */
const burstLength = 16;

/** The state of one sequence on the burst graph. */
export class BurstState extends CachedState implements BurstBackboneState {
  readonly burstLength = burstLength;

  async burst(input: BurstInput, options: WorkOptions = {}): Promise<readonly number[]> {
    return this.exclusively('fed', () => this.#burst(input, options));
  }

  async #burst({ tokenIds, positions, choice }: BurstInput, { signal }: WorkOptions): Promise<readonly number[]> {
    throwIfAborted(signal);
    const count = positions.dims[1]!;
    checkInput({ tokenIds: new Array<number>(count).fill(tokenIds[0]), positions }, this);
    const result = await this.run({
      input: { tokenIds, positions },
      logitRows: 1,
      outputs: ['tokens'],
      extraFeeds: choice,
      ...(signal && { signal }),
    });
    const tokens = Array.from(result.host('tokens', 'int64').data, Number);
    this.advance(tokens.length);
    return tokens;
  }
}
