import type { RuntimeError } from '@vlmkit/core';
import type { CallOptions } from '@vlmkit/threads';
import type { DeviceMethod, Request, Response } from './protocol.js';

/** The way to the device: a thread, or the caller's own. */
export interface DeviceChannel {
  /** Calls the device. @throws RuntimeError what the device threw, or that it has ended. */
  call<M extends DeviceMethod>(method: M, request: Request<M>, options?: CallOptions): Promise<Response<M>>;
  /**
   * Ends the device.
   *
   * @param reason what calls that are under way or come later reject with.
   */
  close(reason: RuntimeError): Promise<void>;
}
