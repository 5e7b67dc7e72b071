import type { Tensor } from '@vlmkit/core';
import { answerCalls } from '@vlmkit/threads';
import { DeviceHost } from './device-host.js';
import type { DeviceCalls } from './protocol.js';

/* The inference thread. It hands the buffers of results over, as it has no further use for them. */

answerCalls<DeviceCalls>(new DeviceHost().handlers, {
  run: ({ fetched }) => [...new Set(Object.values(fetched).map(bufferOf))],
  download: (tensor) => [bufferOf(tensor)],
});

function bufferOf({ data }: Tensor): ArrayBuffer {
  return data.buffer as ArrayBuffer;
}
