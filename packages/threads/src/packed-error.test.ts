import {
  AbortError,
  ConfigError,
  GraphError,
  MediaError,
  PromptError,
  RuntimeError,
  VlmkitError,
  WeightError,
} from '@vlmkit/core';
import { describe, expect, it } from 'vitest';
import { packError, unpackError } from './packed-error.js';

/** What arrives of an error in another thread. */
const across = (error: unknown) => unpackError(structuredClone(packError(error)));
const details = { expected: 'a picture', actual: 'a text', remedy: 'Send a picture.' };

describe('an error that crosses threads', () => {
  it.each([ConfigError, GraphError, MediaError, PromptError, RuntimeError, VlmkitError, WeightError])(
    'is of its class again, with all that it tells: %o',
    (Class) => {
      const error = new Class('It is no picture.', { ...details, cause: new TypeError('no header') });
      const arrived = across(error);
      expect(arrived.constructor).toBe(Class);
      expect(arrived).toMatchObject({ ...details, name: Class.name, message: error.message, stack: error.stack });
      expect(arrived.cause).toMatchObject({ message: 'no header', stack: (error.cause as Error).stack });
    },
  );

  it('has no cause or details when it had none', () => {
    const plain = across(new RuntimeError('It failed.')) as RuntimeError;
    expect({ cause: plain.cause, remedy: plain.remedy, actual: plain.actual }).toEqual({});
    expect(across(new AbortError())).toBeInstanceOf(AbortError);
  });

  it('is a RangeError again, of whatever kind', () => {
    class Narrow extends RangeError {
      override readonly name = 'Narrow';
    }
    for (const error of [new RangeError('Too much.'), new Narrow('Too much.')]) {
      const arrived = across(error);
      expect(arrived.constructor).toBe(RangeError);
      expect(arrived.message).toBe('Too much.');
      expect(arrived).not.toHaveProperty('remedy');
    }
  });

  it('is of the next class that vlmkit knows when its own is of another package', () => {
    class UsageError extends VlmkitError {}
    const arrived = across(new UsageError('There is no such option.', details));
    expect(arrived.constructor).toBe(VlmkitError);
    expect(arrived).toMatchObject(details);
  });

  it('becomes the cause of a RuntimeError when it was not thrown on purpose', () => {
    const bug = new TypeError('x is not a function');
    expect(across(bug)).toBeInstanceOf(RuntimeError);
    expect(across(bug)).toMatchObject({ message: bug.message, cause: { message: bug.message, stack: bug.stack } });
    // Such as WebAssembly.RuntimeError: a namesake.
    const namesake = Object.assign(new Error('unreachable'), { name: 'MediaError', remedy: () => 'none' });
    expect(across(namesake)).toBeInstanceOf(RuntimeError);
    expect(across('a text')).toMatchObject({ name: 'RuntimeError', message: 'a text', cause: { message: 'a text' } });
    expect(across(undefined)).toMatchObject({ name: 'RuntimeError', message: 'undefined' });
  });
});
