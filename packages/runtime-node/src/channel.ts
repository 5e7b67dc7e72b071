import { RuntimeError } from '@vlmkit/core';
import type { DeviceMethod, ErrorMessage, Request, Response } from './protocol.js';

/** The way to the device: another thread, or this one. */
export interface DeviceChannel {
  /**
   * Calls the device.
   *
   * @param transfer buffers that the call may take away from the caller.
   * @throws RuntimeError what the device threw, or that it has ended.
   */
  call<M extends DeviceMethod>(method: M, request: Request<M>, transfer?: readonly ArrayBuffer[]): Promise<Response<M>>;
  /** Ends the device. Calls that are under way reject. */
  close(): Promise<void>;
}

/** The form in which an error crosses threads. */
export function packError(error: unknown): ErrorMessage {
  const known = error instanceof RuntimeError ? error : undefined;
  const cause = known?.cause ?? (known ? undefined : error);
  return {
    message: error instanceof Error ? error.message : String(error),
    expected: known?.expected,
    actual: known?.actual,
    remedy: known?.remedy,
    cause: cause === undefined ? undefined : cause instanceof Error ? cause.message : String(cause),
  };
}

/** The error that {@link packError} packed. */
export function unpackError({ message, cause, ...details }: ErrorMessage): RuntimeError {
  const error = new RuntimeError(message, cause === undefined ? {} : { cause: new Error(cause) });
  return Object.assign(error, details);
}
