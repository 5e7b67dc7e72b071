import { mkdir, mkdtemp, open, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { samplesPath } from '@vlmkit/demo-model';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { copyModel, editHeader, editJson, removeTensor } from './testing/damaged-model.js';
import { runCli } from './testing/run-cli.js';

let folder: string;
let image: string;
let messages: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vlmkit-cli-'));
  image = join(samplesPath(), 'shapes1.png');
  messages = await writeMessages('messages.json', [
    {
      role: 'user',
      content: [
        { type: 'image', image },
        { type: 'text', text: 'Describe this image.' },
      ],
    },
  ]);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function writeMessages(name: string, value: unknown): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, typeof value === 'string' ? value : JSON.stringify(value));
  return path;
}

/** Runs `inspect`, which must fail with one message that matches and write nothing. */
async function expectRefused(args: readonly string[], message: RegExp, code = 1): Promise<void> {
  const out = await mkdtemp(join(folder, 'out-'));
  const result = await runCli(['inspect', '--device', 'cpu', '--out', join(out, 'stages.safetensors'), ...args]);
  expect(result.stderr).toMatch(message);
  expect(result.code).toBe(code);
  expect(result.stderr.match(/^error: /gm)).toHaveLength(1);
  expect(result.stderr).not.toMatch(/^\s+at /m);
  expect(result.stderr).not.toContain('VLMKIT_DEBUG');
  expect(result.stdout).toBe('');
  expect(await readdir(out)).toEqual([]);
}

interface Damage {
  readonly name: string;
  readonly damage: (model: string) => Promise<unknown>;
  readonly message: RegExp;
}

const damages: readonly Damage[] = [
  {
    name: 'a missing tensor',
    damage: (model) => removeTensor(model, 'visual.merger.mlp.2.weight'),
    message: /no tensor visual\.merger\.mlp\.2\.weight/,
  },
  {
    name: 'a truncated file',
    damage: (model) => truncate(join(model, 'model.safetensors'), 1_000_000),
    message: /model\.safetensors is truncated\. Expected \d+ bytes\. Found 1000000 bytes/,
  },
  {
    name: 'a renamed tensor',
    damage: (model) =>
      editHeader(model, (header) => {
        header['model.layers.0.self_attn.q_prj.weight'] = header['model.layers.0.self_attn.q_proj.weight']!;
        delete header['model.layers.0.self_attn.q_proj.weight'];
      }),
    message: /no tensor model\.layers\.0\.self_attn\.q_proj\.weight.*Did you mean model\.layers\.0\.self_attn\.q_prj/,
  },
  {
    name: 'a tensor of the wrong shape',
    damage: (model) =>
      editHeader(model, (header) => {
        header['model.norm.weight']!.shape = [96, 2];
      }),
    message: /model\.norm\.weight has the wrong shape\. Expected \[192\].*Found \[96, 2\]/,
  },
  {
    name: 'a tensor that the model does not have',
    damage: (model) =>
      editHeader(model, (header) => {
        const { dtype, data_offsets } = header['model.norm.weight']!;
        const end = Math.max(...Object.values(header).map((entry) => entry.data_offsets?.[1] ?? 0));
        header['model.extra.weight'] = { dtype, shape: [0], data_offsets: [end, end] };
        expect(data_offsets[1]).toBeLessThanOrEqual(end);
      }),
    message: /model\.extra\.weight/,
  },
  {
    name: 'a header that lies about its own length',
    damage: async (model) => {
      const file = await open(join(model, 'model.safetensors'), 'r+');
      await file.write(Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]), 0, 8, 0);
      await file.close();
    },
    message: /model\.safetensors states a header of 9223372036854775807 bytes/,
  },
  {
    name: 'a header that lies about a tensor’s bytes',
    damage: (model) =>
      editHeader(model, (header) => {
        header['model.norm.weight']!.data_offsets[1] += 2 ** 40;
      }),
    message: /model\.safetensors gives model\.norm\.weight the bytes/,
  },
  {
    name: 'a header with tensors that overlap',
    damage: (model) =>
      editHeader(model, (header) => {
        header['visual.merger.ln_q.weight']!.data_offsets = [0, header['visual.merger.ln_q.weight']!.shape[0]! * 2];
      }),
    message: /visual\.merger\.ln_q\.weight|overlaps/,
  },
  {
    name: 'an index that names a file outside of the folder',
    damage: (model) =>
      writeFile(
        join(model, 'model.safetensors.index.json'),
        JSON.stringify({ weight_map: { 'model.norm.weight': '../outside.safetensors' } }),
      ).then(() => rm(join(model, 'model.safetensors'))),
    message: /\.\.\/outside\.safetensors/,
  },
  {
    name: 'an index that names a missing shard',
    damage: (model) =>
      writeFile(
        join(model, 'model.safetensors.index.json'),
        JSON.stringify({ weight_map: { 'model.norm.weight': 'model-00001-of-00002.safetensors' } }),
      ).then(() => rm(join(model, 'model.safetensors'))),
    message: /model-00001-of-00002\.safetensors/,
  },
  {
    name: 'a config without a field',
    damage: (model) => editJson(model, 'config.json', (config) => delete config.num_hidden_layers),
    message: /num_hidden_layers/,
  },
  {
    name: 'a config of the wrong type',
    damage: (model) =>
      editJson(model, 'config.json', (config) => {
        config.hidden_size = '192';
      }),
    message: /hidden_size/,
  },
  {
    name: 'a model of an unknown type',
    damage: (model) =>
      editJson(model, 'config.json', (config) => {
        config.model_type = 'llama';
      }),
    message: /llama/,
  },
  {
    name: 'a config that is not JSON',
    damage: (model) => writeFile(join(model, 'config.json'), '{"model_type": '),
    message: /config\.json/,
  },
  {
    name: 'a folder without a tokenizer',
    damage: (model) => rm(join(model, 'tokenizer.json')),
    message: /no tokenizer\.json/,
  },
  {
    name: 'a folder without the preprocessor’s config',
    damage: (model) => rm(join(model, 'preprocessor_config.json')),
    message: /no preprocessor_config\.json/,
  },
  {
    name: 'a preprocessor of another model',
    damage: (model) =>
      editJson(model, 'preprocessor_config.json', (config) => {
        config.patch_size = 16;
      }),
    message: /patch_size of preprocessor_config\.json does not fit the model\. Expected 14.*Found 16/,
  },
  {
    name: 'a folder without weights',
    damage: (model) => rm(join(model, 'model.safetensors')),
    message: /model\.safetensors/,
  },
];

describe('a checkpoint with', () => {
  it.each(damages)('$name is refused', async ({ damage, message }) => {
    const model = await copyModel(await mkdtemp(join(folder, 'model-')));
    await damage(model);
    await expectRefused(['--messages', messages, '--model', model], message);
    await rm(model, { recursive: true });
  });

  it('no folder is refused', async () => {
    const absent = join(folder, 'absent');
    await expectRefused(['--messages', messages, '--model', absent], new RegExp(`${absent}.*`));
  });
});

describe('a conversation with', () => {
  const asking = (name: string, content: unknown) => writeMessages(name, [{ role: 'user', content }]);

  it('a picture that is no picture is refused', async () => {
    await writeFile(join(folder, 'words.png'), 'These are words.');
    const file = await asking('words.json', [{ type: 'image', image: 'words.png' }]);
    await expectRefused(['--messages', file], /words\.png is not a picture/);
  });

  it('a picture that is cut off is refused', async () => {
    await writeFile(join(folder, 'cut.png'), (await readFile(image)).subarray(0, 200));
    const file = await asking('cut.json', [{ type: 'image', image: 'cut.png' }]);
    await expectRefused(['--messages', file], /cut\.png/);
  });

  it('a picture that is not there is refused', async () => {
    const file = await asking('nowhere.json', [{ type: 'image', image: 'nowhere.png' }]);
    await expectRefused(['--messages', file], /nowhere\.png cannot be read.*no such file/);
  });

  it('a picture more than 200 times longer than wide is refused', async () => {
    await sharp({ create: { width: 4020, height: 20, channels: 3, background: 'red' } }).toFile(
      join(folder, 'long.png'),
    );
    const file = await asking('long.json', [{ type: 'image', image: 'long.png' }]);
    await expectRefused(['--messages', file], /200/);
  });

  it('a missing frame is refused', async () => {
    const file = await asking('frames.json', [{ type: 'video', video: [image, 'gone.png'] }]);
    await expectRefused(['--messages', file], /gone\.png cannot be read/);
  });

  it('nothing asked is refused', async () => {
    await expectRefused(['--messages', await asking('blank.json', '  ')], /prompt is empty/);
    await expectRefused(['--messages', await writeMessages('none.json', [])], /conversation is empty/);
    await expectRefused(['--messages', await writeMessages('object.json', {})], /conversation is not a list/);
  });

  it('more tokens than the context holds is refused', async () => {
    const file = await asking('much.json', 'circle square '.repeat(2000));
    await expectRefused(['--messages', file], /does not fit the model\. Expected at most 2048 tokens/);
  });

  it('an unknown part or role is refused', async () => {
    await expectRefused(
      ['--messages', await asking('sound.json', [{ type: 'audio', audio: 'a.wav' }])],
      /part 1.*"audio"/,
    );
    const file = await writeMessages('role.json', [{ role: 'robot', content: 'Hello!' }]);
    await expectRefused(['--messages', file], /Message 1 has no known role.*"robot"/);
  });

  it('a file that is not JSON or not there is refused', async () => {
    await expectRefused(['--messages', await writeMessages('broken.json', '[{')], /broken\.json is not JSON/);
    await expectRefused(['--messages', join(folder, 'no.json')], /no\.json cannot be read/);
  });
});

describe('the command line', () => {
  it('names an unknown option, command or choice', async () => {
    await expectRefused(['--messages', messages, '--frobnicate'], /unknown option '--frobnicate'/, 2);
    await expectRefused(['--messages', messages, '--device', 'abacus'], /abacus/, 2);
    await expectRefused(['--messages', messages, '--new-tokens', '1.5'], /whole number/, 2);
    const { code, stderr } = await runCli(['frobnicate']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/unknown command 'frobnicate'/);
  });

  it('asks for what is missing', async () => {
    await expectRefused([], /--messages/, 2);
    const { code, stderr } = await runCli(['generate', '--json']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: There is nothing to answer\./);
    const both = await runCli(['generate', '--messages', messages, '--prompt', 'Hello!']);
    expect(both.code).toBe(2);
    expect(both.stderr).toMatch(/^error: --messages already holds the whole conversation\./);
  });

  it('refuses an empty question and more new tokens than fit', async () => {
    for (const args of [
      ['ask', image, ' '],
      ['generate', '--json', '--prompt', ''],
      ['generate', '--json', '--prompt', ' ', '--image', image],
    ]) {
      const { code, stderr, stdout } = await runCli(args);
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(/^error: .* is empty\./m);
    }
    const long = await runCli(['generate', '--json', '--prompt', 'Hello!', '--max-new-tokens', '5000']);
    expect([long.code, long.stdout]).toEqual([1, '']);
    expect(long.stderr).toMatch(/at most 2048 tokens.*5000 asked for/);
  });

  it('does not leave half a file where it cannot write', async () => {
    const blocked = join(folder, 'blocked');
    await mkdir(join(blocked, 'out.safetensors'), { recursive: true });
    const args = ['inspect', '--device', 'cpu', '--messages', messages, '--out', join(blocked, 'out.safetensors')];
    const { code, stderr } = await runCli(args);
    expect(code).toBe(1);
    expect(stderr).toMatch(/out\.safetensors cannot be written/);
    expect(await readdir(blocked)).toEqual(['out.safetensors']);
    expect((await runCli([...args.slice(0, -1), join(folder, 'no', 'such.safetensors')])).code).toBe(1);
  });
});
