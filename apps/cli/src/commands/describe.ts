import { Command } from 'commander';
import { type GenerationOptions, withGenerationOptions } from '../generation-options.js';
import { type JsonOptions, withJsonOptions } from '../json-options.js';
import { type ModelOptions, withModelOptions } from '../model-options.js';
import { withOptions } from '../option-groups.js';
import { type PixelOptions, withPixelOptions } from '../pixel-options.js';
import { askAboutImage } from './ask.js';

/** `vlmkit describe IMAGE` */
export function describeCommand(): Command {
  const command = new Command('describe')
    .description('Describe a picture.')
    .argument('<image>', 'path, URL or data URL of the picture');
  return withOptions(command, withModelOptions, withPixelOptions, withGenerationOptions, withJsonOptions).action(
    (image: string, options: ModelOptions & PixelOptions & GenerationOptions & JsonOptions) =>
      askAboutImage(image, 'Describe this image.', options),
  );
}
