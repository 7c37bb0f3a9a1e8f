/** Puts what the API says of runs into the reader's order, and finds what is best. */

import type { CompareView, ComparedRun, Difference } from "./shapes";

/** Give the view with the run at a place first: the others are compared with it. */
export function withBaseline(view: CompareView, place: number): CompareView {
  if (place <= 0 || place >= view.runs.length) return view;
  const turn = <Value>(values: readonly Value[]): Value[] => {
    if (values.length === 0) return [];
    const first = values[place] as Value;
    return [first, ...values.slice(0, place), ...values.slice(place + 1)];
  };
  const turned = (rows: readonly Difference[]) => rows.map((row) => ({ ...row, values: turn(row.values) }));
  return {
    ...view,
    runs: turn(view.runs),
    parameters: turned(view.parameters),
    metrics: turned(view.metrics),
    artifacts: view.artifacts.map((row) => ({ ...row, digests: turn(row.digests), values: turn(row.values) })),
    files: turned(view.files),
    code: turned(view.code),
    environment: turned(view.environment),
    timing: turned(view.timing),
  };
}

export interface ValueRow {
  readonly name: string;
  readonly values: readonly unknown[];
  /** Not all runs have the same. */
  readonly isDifferent: boolean;
}

/** Give a row for each name that any run has, those that differ first. */
export function valueRows(
  runs: readonly ComparedRun[],
  of: "parameters" | "metrics",
  different: readonly Difference[],
): ValueRow[] {
  const names = new Set([...different.map(({ name }) => name), ...runs.flatMap((run) => Object.keys(run[of] ?? {}))]);
  const unlike = new Map(different.map(({ name, values }) => [name, values]));
  const rows = [...names].map((name) => ({
    name,
    values: runs.map((run, index) => run[of]?.[name] ?? unlike.get(name)?.[index] ?? null),
    isDifferent: unlike.has(name),
  }));
  return rows.sort((one, other) => Number(other.isDifferent) - Number(one.isDifferent));
}

const LESS = new Set([
  "loss",
  "error",
  "err",
  "rmse",
  "mae",
  "mse",
  "mape",
  "latency",
  "seconds",
  "duration",
  "time",
  "cost",
  "drift",
  "perplexity",
]);

/** Whether less of a metric is better, going by the words of its name. */
export function isLessBetter(name: string): boolean {
  return name
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .some((word) => LESS.has(word));
}

/** Which values are the best of a row of numbers; none when they are all the same or fewer than two. */
export function bestOf(values: readonly unknown[], isLess: boolean): ReadonlySet<number> {
  const numbers = values.map((value) => (typeof value === "number" && Number.isFinite(value) ? value : null));
  const known = numbers.filter((value): value is number => value !== null);
  if (known.length < 2) return new Set();
  const best = isLess ? Math.min(...known) : Math.max(...known);
  if (known.every((value) => value === best)) return new Set();
  return new Set(numbers.flatMap((value, index) => (value === best ? [index] : [])));
}

/** How a number differs from the baseline's: `+4.2 %`; empty when that says nothing. */
export function changeText(value: unknown, baseline: unknown): string {
  if (typeof value !== "number" || typeof baseline !== "number" || !Number.isFinite(value - baseline)) return "";
  if (value === baseline) return "";
  if (baseline === 0) return value > 0 ? "+" : "−";
  const share = ((value - baseline) / Math.abs(baseline)) * 100;
  const size = Math.abs(share);
  if (size < 0.005) return "";
  const text =
    size >= 1000
      ? `${(size / 100 + 1).toFixed(0)}×`
      : size >= 10
        ? `${Math.round(size)} %`
        : `${Number(size.toPrecision(2))} %`;
  return size >= 1000 ? text : `${share > 0 ? "+" : "−"}${text}`;
}
