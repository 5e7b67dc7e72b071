import { Command } from 'commander';
import { type GenerationOptions, withGenerationOptions } from '../generation-options.js';
import { type ModelOptions, withModelOptions } from '../model-options.js';
import { type PixelOptions, withPixelOptions } from '../pixel-options.js';
import { askAboutImage } from './ask.js';

/** `vlmkit describe IMAGE` */
export function describeCommand(): Command {
  const command = new Command('describe')
    .description('Describe a picture.')
    .argument('<image>', 'path, URL or data URL of the picture');
  return withGenerationOptions(withPixelOptions(withModelOptions(command))).action(
    (image: string, options: ModelOptions & PixelOptions & GenerationOptions) =>
      askAboutImage(image, 'Describe this image.', options),
  );
}
