import { type Feed, RuntimeError, type Tensor } from '@vlmkit/core';
import type { DeviceClient } from './device-client.js';
import { NodeDeviceTensor, NodeRowBuffer } from './handles.js';
import type { FeedMessage, NamedFeed, ValueSignature } from './protocol.js';

/** Feeds ready to send. */
export interface PackedFeeds {
  readonly feeds: readonly NamedFeed[];
  readonly transfer: readonly ArrayBuffer[];
}

/**
 * Checks feeds against a graph's inputs and packs them. Host values are copied, because the caller keeps its arrays.
 *
 * @throws RuntimeError when a feed is missing, unknown, or of the wrong type, rank or extent.
 */
export function packFeeds(
  client: DeviceClient,
  component: string,
  inputs: readonly ValueSignature[],
  feeds: Readonly<Record<string, Feed>>,
): PackedFeeds {
  const known = new Set(inputs.map(({ name }) => name));
  for (const name of Object.keys(feeds)) {
    if (known.has(name)) continue;
    throw new RuntimeError(`The component "${component}" has no input "${name}".`, {
      expected: inputs.map((input) => input.name).join(', '),
      actual: name,
    });
  }
  const packed: NamedFeed[] = [];
  const transfer: ArrayBuffer[] = [];
  for (const input of inputs) {
    const feed = feeds[input.name];
    if (!feed) {
      throw new RuntimeError(`The input "${input.name}" of the component "${component}" was not fed.`, {
        expected: describe(input.dtype, input.dims),
      });
    }
    const message = packFeed(client, feed);
    checkFeed(component, input, feed);
    if (message.kind === 'host') transfer.push(message.tensor.data.buffer as ArrayBuffer);
    packed.push({ ...message, name: input.name });
  }
  return { feeds: packed, transfer };
}

function packFeed(client: DeviceClient, feed: Feed): FeedMessage {
  if (feed instanceof NodeDeviceTensor) return { kind: 'device', tensor: feed.idOn(client) };
  if (feed instanceof NodeRowBuffer) return { kind: 'rows', rows: feed.idOn(client) };
  if ('location' in feed) {
    throw new RuntimeError('The tensor was made by another runtime package.', {
      remedy: 'Download it, and feed the host tensor.',
    });
  }
  return { kind: 'host', tensor: copyOf(feed) };
}

/** A copy whose buffer holds nothing else, so that it can be given away. */
function copyOf({ dtype, dims, data }: Tensor): Tensor {
  return { dtype, dims, data: data.slice() };
}

function checkFeed(component: string, input: ValueSignature, feed: Feed): void {
  const dims = 'rowDims' in feed ? [feed.length, ...feed.rowDims] : feed.dims;
  const fits =
    feed.dtype === input.dtype &&
    dims.length === input.dims.length &&
    input.dims.every((extent, axis) => typeof extent === 'string' || extent === dims[axis]);
  if (fits) return;
  throw new RuntimeError(
    `The input "${input.name}" of the component "${component}" was fed a tensor of the wrong kind.`,
    {
      expected: describe(input.dtype, input.dims),
      actual: describe(feed.dtype, dims),
    },
  );
}

function describe(dtype: string, dims: readonly (number | string)[]): string {
  return `${dtype} [${dims.join(', ')}]`;
}
