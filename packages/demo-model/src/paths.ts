import { fileURLToPath } from 'node:url';

/**
 * Absolute path of the checkpoint folder: an ordinary Hugging Face folder (`config.json`, `tokenizer.json`, `model.safetensors`)
 * that vlmkit's `--model` and Hugging Face's `from_pretrained` both take.
 */
export function checkpointPath(): string {
  return fileURLToPath(new URL('../checkpoint', import.meta.url));
}

/** Absolute path of the sample folder: pictures (PNG), clips (folders of PNG frames) and `samples.json`. */
export function samplesPath(): string {
  return fileURLToPath(new URL('../samples', import.meta.url));
}
