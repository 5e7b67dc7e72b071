import { describe, expect, it } from 'vitest';
import { date, time } from './time-patterns.js';

const whole = (pattern: string) => new RegExp(`^(?:${pattern})$`);
const twoDigits = (value: number) => String(value).padStart(2, '0');
const minutesOfDay = 24 * 60;

/** Minutes of a day as a clock shows them. */
function clock(minutes: number): string {
  return `${twoDigits(Math.floor(minutes / 60))}:${twoDigits(minutes % 60)}`;
}

/** Whether a calendar has the day. */
function isDay(year: number, month: number, day: number): boolean {
  // Years below 100 would be of the twentieth century.
  const found = new Date(0);
  found.setUTCFullYear(year, month - 1, day);
  return found.getUTCMonth() === month - 1 && found.getUTCDate() === day;
}

describe('dates', () => {
  const pattern = whole(date);
  const wrong: string[] = [];
  function check(year: number, month: number, day: number): void {
    const text = `${String(year).padStart(4, '0')}-${twoDigits(month)}-${twoDigits(day)}`;
    if (pattern.test(text) !== isDay(year, month, day)) wrong.push(text);
  }

  it('are the days of a calendar', () => {
    for (const year of [0, 1, 1899, 1900, 2000, 2023, 2024, 2100, 9999]) {
      for (let month = 0; month < 20; month++) for (let day = 0; day < 40; day++) check(year, month, day);
    }
    for (let year = 0; year < 10_000; year++) for (const day of [28, 29, 30]) check(year, 2, day);
    expect(wrong).toEqual([]);
  });
});

describe('times', () => {
  it('have leap seconds where UTC has them', () => {
    const pattern = whole(time);
    const wrong: string[] = [];
    for (let local = 0; local < minutesOfDay; local++) {
      for (let offset = 0; offset < minutesOfDay; offset += 15) {
        for (const sign of [1, -1]) {
          const text = `${clock(local)}:60${sign > 0 ? '+' : '-'}${clock(offset)}`;
          const utc = (local - sign * offset + minutesOfDay) % minutesOfDay;
          if (pattern.test(text) !== (clock(utc) === '23:59')) wrong.push(text);
        }
      }
    }
    expect(wrong).toEqual([]);
  });
});
