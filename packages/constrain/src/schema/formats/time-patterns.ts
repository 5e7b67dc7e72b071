/*
 * Dates and times of RFC 3339, with the letters T and Z in upper case, as it advises for what is written.
 */

/** Years that are divisible by 4, and by 400 where they are by 100. */
const leapYear = '(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)';

const dayOfAnyYear = [
  '(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])',
  '(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)',
  '02-(?:0[1-9]|1[0-9]|2[0-8])',
].join('|');

/** A day that its month has. */
export const date = `(?:[0-9]{4}-(?:${dayOfAnyYear})|${leapYear}-02-29)`;

const hourAndMinute = '(?:[01][0-9]|2[0-3]):[0-5][0-9]';
const fraction = '(?:\\.[0-9]+)?';

/**
 * Leap seconds, which are 23:59:60 of UTC, by the clock elsewhere. Clocks differ by quarters of an hour: other offsets would
 * multiply the pattern, and no place has them.
 */
const leapSeconds = Array.from({ length: 24 * 4 }, (_, quarter) => {
  const ahead = quarter * 15;
  const offsets = [...(ahead === 0 ? ['Z'] : []), `\\+${clock(ahead)}`, `-${clock(-ahead)}`];
  return `${clock(ahead - 1)}:60${fraction}(?:${offsets.join('|')})`;
}).join('|');

/** A time with its distance to UTC. */
export const time = `(?:${hourAndMinute}:[0-5][0-9]${fraction}(?:Z|[+\\-]${hourAndMinute})|${leapSeconds})`;

/** A day and a time of it. */
export const dateTime = `${date}T${time}`;

/** Minutes of a day, any number of days added or taken off, as a clock shows them. */
function clock(minutes: number): string {
  const ofDay = (minutes + 24 * 60) % (24 * 60);
  return [Math.floor(ofDay / 60), ofDay % 60].map((part) => String(part).padStart(2, '0')).join(':');
}

const seconds = '[0-9]+S';
const minutes = `[0-9]+M(?:${seconds})?`;
const hours = `[0-9]+H(?:${minutes})?`;
const timeOfDuration = `T(?:${hours}|${minutes}|${seconds})`;
const days = '[0-9]+D';
const months = `[0-9]+M(?:${days})?`;
const years = `[0-9]+Y(?:${months})?`;

/** A duration of RFC 3339's appendix A: whole counts, no unit left out between two, weeks alone. */
export const duration = `P(?:(?:${years}|${months}|${days})(?:${timeOfDuration})?|${timeOfDuration}|[0-9]+W)`;
