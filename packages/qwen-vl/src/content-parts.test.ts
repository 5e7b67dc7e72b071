import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { PromptError } from '@vlmkit/core';
import { samplesPath } from '@vlmkit/demo-model';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ContentPart, MediaReference } from './content-parts.js';
import { parseMessages } from './messages.js';
import { type Demo, openDemo } from './testing/demo.js';

const path = join(samplesPath(), 'shapes1.png');
const bytes = new Uint8Array(readFileSync(path));
const url = pathToFileURL(path);
const dataUrl = `data:image/png;base64,${Buffer.from(bytes).toString('base64')}`;
const references: readonly [string, MediaReference][] = [
  ['bytes', bytes],
  ['an ArrayBuffer', bytes.slice().buffer],
  ['a Blob', new Blob([bytes])],
  ['a URL', url],
  ['a data URL', dataUrl],
];

let demo: Demo;
beforeAll(async () => {
  demo = await openDemo();
});
afterAll(() => demo.close());

/** What identifies the pictures that the model sees. */
async function keysOf(part: ContentPart): Promise<readonly (string | undefined)[]> {
  const { segments } = await demo.model.createPrompt([{ role: 'user', content: [part] }]);
  return segments.map(({ kind, key }) => `${kind} ${key}`);
}

describe('a picture and the frames of a clip', () => {
  it.each(references)('may be %s', async (_, file) => {
    expect(await keysOf({ type: 'image', image: file })).toEqual(await keysOf({ type: 'image', image: path }));
    const clip = await keysOf({ type: 'video', video: [path, path] });
    expect(await keysOf({ type: 'video', video: [file, file] })).toEqual(clip);
  });

  it('may have OpenAI’s form', async () => {
    const expected = await keysOf({ type: 'image', image: path });
    for (const image_url of [dataUrl, url.href, { url: dataUrl }, { url: dataUrl, detail: 'high' }]) {
      expect(await keysOf({ type: 'image_url', image_url })).toEqual(expected);
    }
  });
});

describe('a clip', () => {
  const file = fileURLToPath(new URL('../../../fixtures/video/h264.mp4', import.meta.url));

  it('may be a URL, bytes or a Blob, and have the form of OpenAI’s pictures', async () => {
    const video = new Uint8Array(readFileSync(file));
    const parts: readonly ContentPart[] = [
      { type: 'video', video: file, nframes: 2 },
      { type: 'video', video: pathToFileURL(file), nframes: 2 },
      { type: 'video', video: video.slice().buffer, nframes: 2 },
      { type: 'video', video: new Blob([video]), nframes: 2 },
      { type: 'video_url', video_url: { url: pathToFileURL(file).href }, nframes: 2 },
      { type: 'video_url', video_url: file, nframes: 2 },
    ];
    const [expected, ...others] = await Promise.all(parts.map(keysOf));
    expect(expected).toHaveLength(1);
    for (const other of others) expect(other).toEqual(expected);
  });
});

describe('parts', () => {
  it.each<[unknown, RegExp]>([
    [{ type: 'image', image: path, maxPixels: 9 }, /part 1 has an unknown field.*maxPixels.*Write max_pixels/s],
    [{ type: 'video', video: path, videoStart: 1 }, /videoStart.*Write video_start/s],
    [{ type: 'text', text: 'x', colour: 'red' }, /text.*colour.*Leave it out/s],
    [{ type: 'image', image: path, fps: 2 }, /unknown field.*fps/s],
    [{ type: 'audio', audio: path }, /unknown type.*video_url.*"audio"/s],
    [{ type: 'image', image: new Float32Array(3) }, /lacks its "image".*a Blob/s],
    [{ type: 'image', image: '' }, /lacks its "image"/],
    [{ type: 'video', video: [] }, /lacks its "video"/],
    [{ type: 'video', video: [path, 3] }, /lacks its "video"/],
    [{ type: 'image_url', image_url: {} }, /lacks its "image_url"/],
    [{ type: 'video_url', video_url: [path] }, /lacks its "video_url"/],
  ])('are refused when they would be misread: %j', (part, message) => {
    const parse = () => parseMessages([{ role: 'user', content: [part] }]);
    expect(parse).toThrow(PromptError);
    expect(parse).toThrow(message);
  });

  it('may have empty columns, as rows of tables do', () => {
    const part = { type: 'text', text: 'x', image: null, video: undefined };
    expect(parseMessages([{ role: 'user', content: [part] }])).toEqual([
      { role: 'user', content: [{ type: 'text', text: 'x' }] },
    ]);
  });
});
