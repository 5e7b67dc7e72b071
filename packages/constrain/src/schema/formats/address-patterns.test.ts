import { isIPv4, isIPv6 } from 'node:net';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../testing/random-walk.js';
import { hostname, ipv4, ipv6 } from './address-patterns.js';

const whole = (pattern: string) => new RegExp(`^(?:${pattern})$`);
const random = seededRandom(5);
const pick = <T>(list: ArrayLike<T>): T => list[Math.floor(random() * list.length)]!;
const listOf = <T>(count: number, make: () => T) => Array.from({ length: count }, make);

describe('addresses', () => {
  it("of four bytes are Node's", () => {
    const bytes = [
      '0',
      '00',
      '07',
      '9',
      '10',
      '99',
      '100',
      '199',
      '200',
      '249',
      '250',
      '255',
      '256',
      '300',
      '1000',
      '',
    ];
    const texts = listOf(5000, () => listOf(pick([3, 4, 4, 4, 4, 5]), () => pick(bytes)).join('.'));
    const pattern = whole(ipv4);
    expect(texts.filter((text) => pattern.test(text) !== isIPv4(text))).toEqual([]);
  });

  it("of eight groups are Node's", () => {
    const groups = ['0', '1', 'ff', 'FFFF', 'abcd', '12345', 'g', '', ''];
    const ends = ['', '', '', '::', ':', ':1.2.3.4', '::1.2.3.4', '1.2.3.400'];
    const texts = listOf(20_000, () => {
      const parts = listOf(Math.floor(random() * 9), () => pick(random() < 0.8 ? groups.slice(0, 5) : groups));
      const joined = parts.reduce((text, part) => `${text}${random() < 0.15 ? '::' : ':'}${part}`, '');
      return joined.slice(pick([0, 1, 1])) + pick(ends);
    });
    const valid = texts.filter(isIPv6);
    expect(valid.length).toBeGreaterThan(500);
    const pattern = whole(ipv6);
    expect(texts.filter((text) => pattern.test(text) !== isIPv6(text))).toEqual([]);
  });
});

describe("hosts' names", () => {
  it('have 253 characters at most, of which 63 in a label', () => {
    for (let count = 1; count <= 12; count++) {
      for (let length = 1; length <= 65; length++) {
        const text = listOf(count, () => 'a'.repeat(length)).join('.');
        const isOne = text.length <= 253 && length <= 63;
        if (whole(hostname).test(text)) expect(isOne, text).toBe(true);
        else if (isOne) expect(count > 8 || length > 30, text).toBe(true);
      }
    }
  });
});
