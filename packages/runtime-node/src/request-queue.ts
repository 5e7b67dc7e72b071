/** Runs tasks one after another, in the order they were added. */
export class RequestQueue {
  #last: Promise<unknown> = Promise.resolve();

  /** Resolves with the task's own result; a failed task does not stop those behind it. */
  add<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task);
    this.#last = result.catch(() => undefined);
    return result;
  }
}
