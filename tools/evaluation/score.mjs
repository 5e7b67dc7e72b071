/** Scores of answers: word for word, box overlap, seconds of error, facts of a description. */

const FACTS = /\b(small|large) ([a-z]+) ([a-z]+) ((?:at|on|in) the [a-z]+(?: left| right)?)/g;
const SECONDS = /(\d+(?:\.\d+)?) seconds/;
const TIME_TOLERANCE = 0.5;

/** Overlap over union of two boxes [x1, y1, x2, y2]. */
export function iou(a, b) {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (!(width > 0 && height > 0)) return 0;
  const area = ([x1, y1, x2, y2]) => (x2 - x1) * (y2 - y1);
  return (width * height) / (area(a) + area(b) - width * height);
}

/** Boxes of a JSON answer as Qwen2.5-VL writes it; none when it is no such JSON. */
export function parseBoxes(text) {
  const block = /```json\n([\s\S]*?)\n?```/.exec(text)?.[1] ?? text;
  try {
    const items = JSON.parse(block);
    return Array.isArray(items) ? items.map((item) => item.bbox_2d).filter((box) => box?.length === 4) : [];
  } catch {
    return [];
  }
}

/** Mean overlap, and the share of boxes over 0.5: every expected box with the best answered one that is left. */
export function boxScores(expected, answered) {
  const left = [...answered];
  const overlaps = expected.map((box) => {
    const all = left.map((other) => iou(box, other));
    const best = Math.max(0, ...all);
    if (best > 0) left.splice(all.indexOf(best), 1);
    return best;
  });
  return { iou: mean(overlaps), over50: mean(overlaps.map((overlap) => Number(overlap > 0.5))) };
}

/** [size, colour, shape, place] of every shape that a description names. */
export function describedShapes(text) {
  return [...text.toLowerCase().matchAll(FACTS)].map((match) => match.slice(1));
}

/** Share of facts that are right: shapes are paired to agree as far as they can; a shape too many costs as much as one too few. */
export function factScore(expected, answered) {
  const left = describedShapes(answered);
  const wanted = describedShapes(expected);
  const total = 4 * Math.max(wanted.length, left.length);
  if (wanted.length === 0 || total === 0) return Number(expected === answered);
  const agreement = (a, b) => a.filter((fact, index) => fact === b[index]).length;
  let right = 0;
  for (const shape of wanted) {
    const all = left.map((other) => agreement(shape, other));
    const best = Math.max(0, ...all);
    if (best > 0) left.splice(all.indexOf(best), 1);
    right += best;
  }
  return right / total;
}

/** Seconds between the times that two answers name; undefined when the expected one names none. */
export function secondsOff(expected, answered) {
  const [wanted, given] = [expected, answered].map((text) => SECONDS.exec(text)?.[1]);
  if (wanted === undefined) return undefined;
  return given === undefined ? Number.POSITIVE_INFINITY : Math.abs(Number(wanted) - Number(given));
}

/**
 * All scores of one answer, each in 0..1 except `seconds_off`.
 *
 * @param {{ task: string, expected: string, boxes?: number[][] }} sample
 * @param {string} answer
 */
export function score({ task, expected, boxes }, answer) {
  const scores = { exact: Number(answer === expected) };
  if (boxes) Object.assign(scores, boxScores(boxes, parseBoxes(answer)));
  if (/^(two_)?describe$/.test(task)) scores.facts = factScore(expected, answer);
  const off = secondsOff(expected, answer);
  if (off !== undefined) Object.assign(scores, { seconds_off: off, in_time: Number(off <= TIME_TOLERANCE) });
  return scores;
}

/** Means of all scores by task, with the number of samples. Endless time errors count as 10 s. */
export function summarise(results) {
  const tasks = new Map();
  for (const { task, scores } of results) {
    if (!tasks.has(task)) tasks.set(task, []);
    tasks.get(task).push(scores);
  }
  return [...tasks]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([task, all]) => {
      const names = [...new Set(all.flatMap((scores) => Object.keys(scores)))];
      const means = names.map((name) => [name, mean(all.flatMap((s) => (name in s ? [Math.min(s[name], 10)] : [])))]);
      return { task, samples: all.length, ...Object.fromEntries(means) };
    });
}

/** A Markdown table of the summary. */
export function table(summary) {
  const percent = (value) => (value === undefined ? '' : `${(100 * value).toFixed(1)} %`);
  const rows = summary.map((row) => {
    const boxes = row.iou === undefined ? '' : `${row.iou.toFixed(3)}, ${percent(row.over50)} over 0.5`;
    return `| ${row.task} | ${row.samples} | ${percent(row.exact)} | ${percent(row.facts)} | ${boxes} | ${percent(row.in_time)} |`;
  });
  return [
    '| task | samples | word for word | facts right | box overlap (IoU) | within 0.5 s |',
    '|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
