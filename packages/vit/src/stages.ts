import { isFullAttention, type VitConfig } from './config.js';

/** What a page passes through between two full attentions. */
export interface Stage {
  /** The full block whose second half comes first; the patch embedding when undefined. */
  readonly finish: number | undefined;
  readonly windowed: readonly number[];
  /** The full block whose first half comes last; undefined in the last stage. */
  readonly start: number | undefined;
}

/** Cuts the blocks inside every full-attention block. */
export function splitAtFullBlocks(config: VitConfig): Stage[] {
  const stages: Stage[] = [];
  let finish: number | undefined;
  let windowed: number[] = [];
  for (let index = 0; index < config.depth; index++) {
    if (!isFullAttention(config, index)) {
      windowed.push(index);
      continue;
    }
    stages.push({ finish, windowed, start: index });
    finish = index;
    windowed = [];
  }
  return [...stages, { finish, windowed, start: undefined }];
}
