/** Curves of one metric: what the API answered, and the points that came in since. */

import type { Curves, TaskCurve } from "@/api/schema";
import type { Series } from "@/parts/chart";

export type { Curves, TaskCurve } from "@/api/schema";

/** Points of one task that came in since; columns of equal length. */
export interface SentPoints {
  readonly label: number;
  readonly attempt: number;
  readonly names: readonly string[];
  readonly steps: readonly (number | null)[];
  readonly times: readonly number[];
  readonly values: readonly (number | null)[];
}

/** What is drawn along: the step that was logged, the time, or the seconds since the task's first point. */
export type Axis = "step" | "time" | "since";

/** A curve keeps so many points of those that came in live; then every other one is dropped. */
const MOST_POINTS = 4000;

/** The curves of one metric, task by task. */
export class CurveSet {
  rows: readonly TaskCurve[] = [];

  constructor(private readonly name: string) {}

  /** Take what the API answered for the truth. */
  replace(curves: Curves): void {
    this.rows = curves.rows;
  }

  /** Add points that came in; gives whether any was of this metric. */
  add({ label, attempt, names, steps, times, values }: SentPoints): boolean {
    const mine = names.flatMap((name, index) => (name === this.name ? [index] : []));
    if (mine.length === 0) return false;
    const before = this.rows.find((row) => row.label === label && row.attempt === attempt);
    const last = before?.times.at(-1) ?? -Infinity;
    // The answer and the stream overlap where points came in between.
    const fresh = mine.filter((index) => (times[index] ?? 0) > last);
    if (fresh.length === 0) return false;
    const old = before ?? { task: String(label), label, attempt, steps: [], times: [], values: [], count: 0 };
    const row = thinned({
      ...old,
      steps: [...old.steps, ...fresh.map((index) => steps[index] ?? null)],
      times: [...old.times, ...fresh.map((index) => times[index] ?? 0)],
      values: [...old.values, ...fresh.map((index) => values[index] ?? null)],
      count: old.count + fresh.length,
    });
    this.rows = before ? this.rows.map((each) => (each === before ? row : each)) : [...this.rows, row];
    return true;
  }
}

function thinned(row: TaskCurve): TaskCurve {
  if (row.times.length <= MOST_POINTS) return row;
  const keep = (_: unknown, index: number) => index % 2 === 0 || index === row.times.length - 1;
  return { ...row, steps: row.steps.filter(keep), times: row.times.filter(keep), values: row.values.filter(keep) };
}

/** Give what a chart draws. `smooth` (0 to 1) = weight of what came before in an exponential mean. */
export function seriesOf(rows: readonly TaskCurve[], axis: Axis, smooth: number, nameOf = shortName): Series[] {
  const drawn = rows.map((row) => ({
    name: nameOf(row),
    xs: xsOf(row, axis),
    ys: smooth > 0 ? smoothed(row.values, smooth) : row.values,
  }));
  return drawn.map(({ name, xs, ys }) => rising(name, xs, ys));
}

/** `train/4`. */
function shortName({ task, attempt }: TaskCurve): string {
  const name = task.split("/").slice(-2).join("/");
  return attempt > 0 ? `${name}, try ${attempt + 1}` : name;
}

function xsOf({ steps, times }: TaskCurve, axis: Axis): number[] {
  const first = times[0] ?? 0;
  if (axis === "time") return [...times];
  if (axis === "since") return times.map((time) => time - first);
  return steps.map((step, index) => step ?? index);
}

/** A chart wants rising places; a step that was logged again counts with its latest value. */
function rising(name: string, xs: readonly number[], ys: readonly (number | null)[]): Series {
  if (xs.every((x, index) => index === 0 || x > (xs[index - 1] ?? -Infinity))) return { name, xs, ys };
  const latest = new Map(xs.map((x, index) => [x, ys[index] ?? null]));
  const sorted = [...latest].sort(([one], [other]) => one - other);
  return { name, xs: sorted.map(([x]) => x), ys: sorted.map(([, y]) => y) };
}

/** An exponential mean that does not begin at zero (Kingma and Ba, 2014, section 3). */
export function smoothed(values: readonly (number | null)[], weight: number): (number | null)[] {
  let mean = 0;
  let share = 1;
  return values.map((value) => {
    if (value === null) return null;
    mean = weight * mean + (1 - weight) * value;
    share *= weight;
    return mean / (1 - share);
  });
}
