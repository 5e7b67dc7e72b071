import { VlmkitError } from '@vlmkit/core';

/** A command line that cannot be meant: the process ends with exit code 2. */
export class UsageError extends VlmkitError {}
