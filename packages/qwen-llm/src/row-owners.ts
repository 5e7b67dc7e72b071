import { PromptError } from '@vlmkit/core';

/** A sequence that may go on. */
export interface RowOwner {
  readonly index: number;
  /** Rows that it may fill. */
  readonly capacity: number;
}

/** Rows that a sequence asks for. */
export interface RowRequest {
  readonly index: number;
  readonly count: number;
}

/** Whose the rows of a shared, append-only cache are. Rows that their sequence has forgotten stay its own. */
export class RowOwners {
  /** Sequence of every row; of one that is forgotten, −1 less the sequence. */
  readonly #owners: number[] = [];
  /** Rows of each entry of `#owners`. */
  readonly #counts = new Map<number, number>();

  /** The sequence that sees each row; a negative number for what none sees. */
  get all(): readonly number[] {
    return this.#owners;
  }

  /** Rows that a sequence sees. */
  seenBy(index: number): number {
    return this.#counts.get(index) ?? 0;
  }

  /** Rows of a sequence that are in use though it has forgotten them. */
  forgottenBy(index: number): number {
    return this.#counts.get(forgotten(index)) ?? 0;
  }

  append(owners: readonly number[]): void {
    for (const owner of owners) {
      this.#owners.push(owner);
      this.#count(owner, 1);
    }
  }

  /** Hides the rows of a sequence from its `length` on. */
  forget(index: number, length: number): void {
    let seen = 0;
    for (const [row, owner] of this.#owners.entries()) {
      if (owner !== index || ++seen <= length) continue;
      this.#owners[row] = forgotten(index);
      this.#count(index, -1);
      this.#count(forgotten(index), 1);
    }
  }

  /** Rows up to the last that a sequence sees. */
  get seenLength(): number {
    let end = this.#owners.length;
    while (end > 0 && this.#owners[end - 1]! < 0) end--;
    return end;
  }

  /** Rows that no sequence sees. */
  get unseen(): number {
    let count = 0;
    for (const [owner, rows] of this.#counts) if (owner < 0) count += rows;
    return count;
  }

  /** The rows that a sequence sees, rising. */
  seenRows(): readonly number[] {
    return this.#owners.flatMap((owner, row) => (owner < 0 ? [] : row));
  }

  /** Drops all rows but these. */
  keep(rows: readonly number[]): void {
    const kept = rows.map((row) => this.#owners[row]!);
    this.cut(0);
    this.append(kept);
  }

  /** Drops the rows from `length` on. */
  cut(length: number): void {
    for (const owner of this.#owners.splice(length)) this.#count(owner, -1);
  }

  /**
   * Finds the requests for which there is no room beside what other sequences may still ask for. Every sequence may fill as
   * many rows as its capacity says, forgotten ones among them, and what those that have left did not fill.
   */
  refusals(
    requests: readonly RowRequest[],
    { capacity, live }: { readonly capacity: number; readonly live: Iterable<RowOwner> },
  ): ReadonlyMap<number, PromptError> {
    const refused = new Map<number, PromptError>();
    const claims = new Map<number, number>();
    let spare = capacity - this.#owners.length;
    for (const owner of live) {
      const claim = owner.capacity - this.seenBy(owner.index) - this.forgottenBy(owner.index);
      claims.set(owner.index, Math.max(0, claim));
      spare -= Math.max(0, claim);
    }
    for (const { index, count } of requests) {
      const claim = claims.get(index) ?? 0;
      const room = claim + spare;
      if (count > room) refused.set(index, noRoom({ count, room, forgotten: this.forgottenBy(index) }));
      else spare -= Math.max(0, count - claim);
    }
    return refused;
  }

  #count(owner: number, change: 1 | -1): void {
    this.#counts.set(owner, (this.#counts.get(owner) ?? 0) + change);
  }
}

function forgotten(index: number): number {
  return -1 - index;
}

interface NoRoom {
  readonly count: number;
  readonly room: number;
  readonly forgotten: number;
}

function noRoom({ count, room, forgotten: dead }: NoRoom): PromptError {
  return new PromptError('A sequence of a batch has no room left in the cache that all share.', {
    expected: `at most ${room} more tokens, as ${dead} truncated ones of the sequence keep their rows`,
    actual: `${count}`,
    remedy: 'Give the sequence a greater capacity, or a state of its own if it takes tokens back.',
  });
}
