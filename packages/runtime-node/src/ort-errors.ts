import { type ErrorDetails, RuntimeError } from '@vlmkit/core';

interface Translation {
  readonly pattern: RegExp;
  readonly explain: (match: RegExpMatchArray) => ErrorDetails & { readonly what: string };
}

/** What onnxruntime 1.30 says, and what it means. The first pattern that fits is used. */
const translations: readonly Translation[] = [
  {
    pattern:
      /bad_alloc|Failed to allocate memory(?: for requested buffer of size (\d+))?|Array buffer allocation failed/,
    explain: ([, bytes]) => ({
      what: 'the device ran out of memory',
      ...(bytes ? { actual: `a request for ${Math.ceil(Number(bytes) / 2 ** 20)} MiB` } : {}),
      remedy: 'Use a smaller or quantised model, a smaller picture or a shorter context.',
    }),
  },
  {
    pattern: /Failed to load (?:shared )?library.*?error: ([^:\s]+): cannot open shared object file/s,
    explain: ([, library]) => ({
      what: `the library ${library} is missing`,
      remedy: 'Install CUDA 12 and cuDNN 9, and put their folders into LD_LIBRARY_PATH.',
    }),
  },
  {
    pattern: /No such file or directory|data path does not exist|cannot find the file/i,
    explain: () => ({
      what: 'a weight file is missing',
      remedy: 'Check that every file of the checkpoint is there and readable.',
    }),
  },
  {
    pattern: /External initializer: (\S+) .*out of bounds/i,
    explain: ([, weight]) => ({
      what: `the file of the weight "${weight}" is shorter than its header says`,
      remedy: 'Download the file again.',
    }),
  },
  {
    pattern:
      /(?:Could not find an implementation|Failed to find kernel) for (\S+?)(?:\((\d+)\))? node with name '([^']*)'/,
    explain: ([, op, , node]) => ({
      what: `the device has no kernel for ${op} with these data types (node ${node})`,
      remedy: 'Choose another dtype or device.',
    }),
  },
  {
    pattern: /requires f16 but the device does not support it/,
    explain: () => ({ what: 'the device does not compute in float16', remedy: 'Choose float32 or another device.' }),
  },
  {
    pattern: /(?:No Op registered for |Fatal error: [\w.]+:)([\w.]+)/,
    explain: ([, op]) => ({ what: `this onnxruntime does not know the operator ${op}` }),
  },
  {
    pattern: /Unsupported data type: 16/,
    explain: () => ({
      what: 'an input or output is bfloat16, which onnxruntime-node cannot move',
      remedy: 'Cast to float32 or float16 inside the graph.',
    }),
  },
  {
    pattern: /adapter/i,
    explain: () => ({
      what: 'there is no WebGPU adapter',
      remedy:
        process.platform === 'linux'
          ? 'Install a Vulkan driver and its loader (libvulkan1), and set XDG_RUNTIME_DIR to a folder of your own; ' +
            "to test without a card, use the software adapter of tools/setup-webgpu.sh. Or use device: 'cpu'."
          : "Install a graphics driver with Metal or Direct3D 12, or use device: 'cpu'.",
    }),
  },
];

/** Turns an error of onnxruntime into one that names the component, the step and the cause. */
export function translateOrtError(step: string, cause: unknown): RuntimeError {
  if (cause instanceof RuntimeError) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  for (const { pattern, explain } of translations) {
    const match = message.match(pattern);
    if (!match) continue;
    const { what, ...details } = explain(match);
    return new RuntimeError(`${step}: ${what}.`, { ...details, cause });
  }
  return new RuntimeError(`${step}: ${message}`, { cause });
}
