import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sampleMessages } from '@vlmkit/demo-model';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ContentPart } from './content-parts.js';
import type { Message } from './messages.js';
import { type Demo, openDemo, sampleAsking } from './testing/demo.js';

let demo: Demo;
let silent: Server;
let origin: string;

beforeAll(async () => {
  demo = await openDemo();
  silent = createServer(() => undefined);
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await demo.close();
  silent.closeAllConnections();
  silent.close();
});

const about = (part: ContentPart): readonly Message[] => [
  { role: 'user', content: [part, { type: 'text', text: 'Describe this image.' }] },
];

it('a question whose picture or clip does not come can be aborted, and keeps no other waiting', async () => {
  const abort = new AbortController();
  const options = { signal: abort.signal };
  const picture = about({ type: 'image', image: `${origin}/slow.png` });
  const clip = about({ type: 'video', video: `${origin}/slow.mp4` });
  const frames = about({ type: 'video', video: [`${origin}/1.png`, `${origin}/2.png`] });
  const slow = [picture, clip, frames].map((messages) => demo.model.ask(messages, options));
  const many = demo.model.askMany([picture, clip].map((messages) => ({ messages, options })));
  const sample = sampleAsking(demo.samples, 'Locate every shape');
  const answer = await demo.model.ask(sampleMessages(sample));
  expect(answer.tokenIds).toEqual(sample.turns.at(-1)!.output_ids);
  abort.abort();
  const given = [...(await Promise.all(slow)), ...(await many)];
  expect(given.map(({ finishReason }) => finishReason)).toEqual(Array(5).fill('abort'));
});
