import { RuntimeError } from '@vlmkit/core';
import { describe, expect, it } from 'vitest';
import { translateOrtError } from './ort-errors.js';

/** What onnxruntime 1.30 said, and what a reader should learn from it. */
const examples: readonly (readonly [string, RegExp])[] = [
  [
    'bfc_arena.cc:360 AllocateRawInternal Failed to allocate memory for requested buffer of size 17592186044416',
    /ran out of memory.*16777216 MiB.*smaller/,
  ],
  ['std::bad_alloc', /ran out of memory/],
  [
    'Deserialize tensor w failed.tensorprotoutils.cc:1763 GetExtDataFromTensorProto External initializer: w offset: 0 ' +
      'size to read: 16384 given file_length: 100 are out of bounds or can not be read in full.',
    /"w" is shorter than its header says.*again/,
  ],
  ["Could not find an implementation for MatMul(13) node with name '/MatMul'", /no kernel for MatMul.*node \/MatMul/],
  ['Fatal error: com.microsoft:Nope(-1) is not a registered function/op', /operator Nope\./],
  ['Error No Op registered for NoSuchOperator with domain_version of 21', /operator NoSuchOperator\./],
  ['Unsupported data type: 16', /bfloat16.*Cast/],
  ['Failed to get a WebGPU adapter: No supported adapters', /no WebGPU adapter.*device: 'cpu'/],
  ['Program Cast requires f16 but the device does not support it.', /does not compute in float16/],
  [
    'provider_bridge_ort.cc Failed to load library libonnxruntime_providers_cuda.so with error: libcudnn.so.9: ' +
      'cannot open shared object file: No such file or directory',
    /libcudnn\.so\.9 is missing.*LD_LIBRARY_PATH/,
  ],
  ['something new', /something new/],
];

describe('translateOrtError', () => {
  it.each(examples)('explains: %s', (message, expected) => {
    const cause = new Error(message);
    const error = translateOrtError('The component "vit" cannot be loaded', cause);
    expect(error).toBeInstanceOf(RuntimeError);
    expect(error.message).toMatch(/^The component "vit" cannot be loaded: /);
    expect(error.message).toMatch(expected);
    expect(error.cause).toBe(cause);
  });

  it('leaves errors alone that are clear already', () => {
    const error = new RuntimeError('clear');
    expect(translateOrtError('step', error)).toBe(error);
  });
});
