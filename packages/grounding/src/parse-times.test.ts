import { describe, expect, it } from 'vitest';
import { parseTimes } from './index.js';

const moment = (time: number) => ({ start: time, end: time });
const span = (start: number, end: number) => ({ start, end });

describe('parseTimes', () => {
  it.each([
    ['At 2.5 seconds.', [moment(2.5)]],
    ['At 2.0s.', [moment(2)]],
    ['It turns green at the 5-second mark.', [moment(5)]],
    ['1:02:03.5', [moment(3723.5)]],
    ['It starts at 75:30.', [moment(4530)]],
    ['1 min 5 s', [moment(65)]],
    ['1m05s', [moment(65)]],
    ['1 hour, 2 minutes and 3 seconds', [moment(3723)]],
    ['after 250 ms', [moment(0.25)]],
    ['at 1 second and at 2 seconds', [moment(1), moment(2)]],
    ['00:02, 00:05', [moment(2), moment(5)]],
  ])('reads the moments of %s', (text, times) => {
    expect(parseTimes(text)).toEqual(times);
  });

  it.each([
    ['00:02 - 00:05', [span(2, 5)]],
    ['00:02–00:05', [span(2, 5)]],
    ['from 3s to 5s', [span(3, 5)]],
    ['From 0.5 to 2.0 seconds, then 8s', [span(0.5, 2), moment(8)]],
    ['between 3 seconds and 7 seconds', [span(3, 7)]],
    ['between 1 and 2 minutes', [span(60, 120)]],
    ['3-5 s', [span(3, 5)]],
    ['2 s → 4 s', [span(2, 4)]],
    ['00:00:02,500 --> 00:00:04,000', [span(2.5, 4)]],
    ['10:00 to 09:00', [moment(600), moment(540)]],
  ])('reads the stretches of %s', (text, times) => {
    expect(parseTimes(text)).toEqual(times);
  });

  it.each([
    [
      '```json\n[{"start_time": "00:01.50", "end_time": "00:03", "event": "a jump at 9 s"}, {"start_time": 4, "end_time": 5.5}]\n```',
      [{ ...span(1.5, 3), label: 'a jump at 9 s' }, span(4, 5.5)],
    ],
    ['[{"start_time": 1.5, "end_time": 2}, {"start_time": 3, "end', [span(1.5, 2)]],
    ['{"timestamp": "2.5s", "label": "x"}, later at 7 s', [{ ...moment(2.5), label: 'x' }, moment(7)]],
    ['{"events": [{"start": "0:10", "end": "0:05"}]}', [span(5, 10)]],
    ['{"start_time": null, "end_time": "soon"}', []],
    ['[{"timestamp": "0.0 - 3.0 seconds", "caption": "x"}]', [{ ...span(0, 3), label: 'x' }]],
    ['{"time": "00:02 - 00:05"}', [span(2, 5)]],
    ['{"start": "0 to 1 s", "end": "4 - 5 s"}', [span(0, 5)]],
    ['{"time": [1, 5], "label": "x"}', [{ ...span(1, 5), label: 'x' }]],
    ['{"timestamp": ["00:05", "2 s"]}', [span(2, 5)]],
    ['{"time": [1, 2, 3]} and {"time": [[1, 2], [3, 4]]}', []],
  ])('reads the JSON of %s', (text, times) => {
    expect(parseTimes(text)).toEqual(times);
  });

  it.each([
    '',
    'No time here.',
    'the second image',
    'in the 1980s',
    'at 3:30 pm',
    '5 m away',
    '16:9',
    '3 to 5',
    '1920x1080',
    'a 3.5 score',
  ])('finds no time in "%s"', (text) => {
    expect(parseTimes(text)).toEqual([]);
  });
});
