/** Failures that are one: the same flow, started by the same, for the same reason. */

import type { RunSummary } from "@/api/shapes";

export interface Failure {
  /** The latest of them. */
  readonly run: RunSummary;
  readonly count: number;
  /** When the first of them ended, Unix seconds. */
  readonly since: number;
}

/** Put runs that failed together; the failure that happened last comes first. */
export function failuresOf(runs: readonly RunSummary[]): Failure[] {
  const groups = new Map<string, RunSummary[]>();
  for (const run of runs) {
    const key = JSON.stringify([run.flow, run.launch?.target ?? null, run.status, run.message || run.cause || ""]);
    const group = groups.get(key);
    if (group) group.push(run);
    else groups.set(key, [run]);
  }
  return [...groups.values()]
    .map((group): Failure | null => {
      const sorted = [...group].sort((one, other) => endOf(other) - endOf(one));
      const [run] = sorted;
      const first = sorted.at(-1);
      return run && first ? { run, count: sorted.length, since: endOf(first) } : null;
    })
    .filter((failure): failure is Failure => failure !== null)
    .sort((one, other) => endOf(other.run) - endOf(one.run));
}

/** When a run ended; when it began, for one whose driver is gone. */
export function endOf(run: RunSummary): number {
  return run.finished_at ?? run.started_at;
}
