import { type FileHandle, mkdtemp, open, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RuntimeError } from '@vlmkit/core';

/**
 * A temporary file of weights that lie in no local file. onnxruntime maps it like a checkpoint's own, so that the
 * weights are never twice in memory.
 */
export class SpillFile {
  readonly path: string;
  readonly #folder: string;
  readonly #handle: FileHandle;
  #length = 0;

  private constructor(folder: string, path: string, handle: FileHandle) {
    this.#folder = folder;
    this.path = path;
    this.#handle = handle;
  }

  /** @throws RuntimeError when the system's folder for temporary files cannot be written. */
  static async create(): Promise<SpillFile> {
    try {
      const folder = await mkdtemp(join(await realpath(tmpdir()), 'vlmkit-'));
      const path = join(folder, 'weights.bin');
      return new SpillFile(folder, path, await open(path, 'wx', 0o600));
    } catch (cause) {
      throw spillError(cause);
    }
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** Appends bytes. @throws RuntimeError when the disk is full. */
  async append(bytes: Uint8Array): Promise<void> {
    try {
      await this.#handle.writeFile(bytes);
      this.#length += bytes.byteLength;
    } catch (cause) {
      throw spillError(cause);
    }
  }

  /** Ends the writing; the file stays. */
  async finish(): Promise<void> {
    await this.#handle.close();
  }

  /** Deletes the file. What is mapped stays readable, except on Windows, where the file must outlive its session. */
  async remove(): Promise<void> {
    await this.#handle.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function spillError(cause: unknown): RuntimeError {
  return new RuntimeError(`Weights cannot be written to the folder for temporary files, ${tmpdir()}.`, {
    remedy: 'Free space there, name another folder in TMPDIR, or download the checkpoint and load it from disk.',
    cause,
  });
}
