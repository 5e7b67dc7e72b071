import { parentPort } from 'node:worker_threads';
import type { Tensor } from '@vlmkit/core';
import { packError } from './channel.js';
import { DeviceHost } from './device-host.js';
import type { CallMessage, DeviceMethod, ReplyMessage, Response } from './protocol.js';

/* The inference thread: answers the calls of the main thread one after another. */

const host = new DeviceHost();
const port = parentPort;

port?.on('message', async ({ id, method, request }: CallMessage) => {
  try {
    const response = await host.call(method, request);
    reply({ id, response }, transferable(method, response));
  } catch (error) {
    reply({ id, error: packError(error) }, []);
  }
});

function reply(message: ReplyMessage, transfer: readonly ArrayBuffer[]): void {
  port?.postMessage(message, [...transfer]);
}

/** Buffers of results, which the inference thread has no further use for. */
function transferable(method: DeviceMethod, response: Response<DeviceMethod>): readonly ArrayBuffer[] {
  if (method === 'run') {
    const { fetched } = response as Response<'run'>;
    return [...new Set(Object.values(fetched).map(bufferOf))];
  }
  return method === 'download' ? [bufferOf(response as Tensor)] : [];
}

function bufferOf({ data }: Tensor): ArrayBuffer {
  return data.buffer as ArrayBuffer;
}
