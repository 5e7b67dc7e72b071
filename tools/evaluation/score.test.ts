import { describe, expect, it } from 'vitest';
import {
  boxScores,
  describedShapes,
  factScore,
  iou,
  parseBoxes,
  score,
  secondsOff,
  summarise,
  table,
} from './score.mjs';

const box = (text: string) => `\`\`\`json\n[\n\t{"bbox_2d": [${text}], "label": "red circle"}\n]\n\`\`\``;

describe('boxes', () => {
  it('overlap as areas do', () => {
    expect(iou([0, 0, 10, 10], [0, 0, 10, 10])).toBe(1);
    expect(iou([0, 0, 10, 10], [5, 0, 15, 10])).toBeCloseTo(50 / 150);
    expect(iou([0, 0, 10, 10], [10, 0, 20, 10])).toBe(0);
    expect(iou([0, 0, 10, 10], [8, 8, 2, 2])).toBe(0);
  });

  it('are read from the answer, and broken JSON gives none', () => {
    expect(parseBoxes(box('1, 2, 3, 4'))).toEqual([[1, 2, 3, 4]]);
    expect(parseBoxes('```json\n[{"bbox_2d": [1, 2')).toEqual([]);
    expect(parseBoxes('There are 2 shapes.')).toEqual([]);
  });

  it('are paired in any order, each once', () => {
    const [a, b] = [
      [0, 0, 10, 10],
      [50, 50, 60, 60],
    ];
    expect(boxScores([a, b], [b, a])).toEqual({ iou: 1, over50: 1 });
    expect(boxScores([a, a], [a])).toEqual({ iou: 0.5, over50: 0.5 });
  });
});

describe('descriptions', () => {
  const two = 'A small red circle at the top left and a large blue square in the center.';

  it('are read as facts', () => {
    expect(describedShapes(two)).toEqual([
      ['small', 'red', 'circle', 'at the top left'],
      ['large', 'blue', 'square', 'in the center'],
    ]);
  });

  it('lose a fact for a wrong place, and a shape for one too many or too few', () => {
    expect(factScore(two, two)).toBe(1);
    expect(factScore(two, two.replace('top left', 'top'))).toBe(7 / 8);
    expect(factScore(two, 'A small red circle at the top left.')).toBe(0.5);
    expect(factScore('A small red circle at the top left.', two)).toBe(0.5);
    expect(factScore(two, 'I only know simple shapes.')).toBe(0);
  });
});

describe('times', () => {
  it('are compared in seconds', () => {
    expect(secondsOff('At 2.0 seconds.', 'At 2.5 seconds.')).toBe(0.5);
    expect(secondsOff('At 2.0 seconds.', 'It turns red.')).toBe(Number.POSITIVE_INFINITY);
    expect(secondsOff('It turns red.', 'At 2.0 seconds.')).toBeUndefined();
  });
});

describe('a run', () => {
  it('is summed up by task', () => {
    const ground = { task: 'ground', expected: box('0, 0, 10, 10'), boxes: [[0, 0, 10, 10]] };
    const when = { task: 'video_when', expected: 'At 2.0 seconds.' };
    const results = [
      { task: 'ground', scores: score(ground, ground.expected) },
      { task: 'ground', scores: score(ground, box('5, 0, 15, 10')) },
      { task: 'video_when', scores: score(when, 'At 2.5 seconds.') },
    ];
    const summary = summarise(results);
    expect(summary).toEqual([
      { task: 'ground', samples: 2, exact: 0.5, iou: (1 + 1 / 3) / 2, over50: 0.5 },
      { task: 'video_when', samples: 1, exact: 0, seconds_off: 0.5, in_time: 1 },
    ]);
    expect(table(summary)).toContain('| ground | 2 | 50.0 % |  | 0.667, 50.0 % over 0.5 |  |');
  });
});
