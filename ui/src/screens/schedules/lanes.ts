/** Firings of schedules, past and to come, sorted into a lane each. */

import type { FiringRow, NextRow, ScheduleView } from "@/api/schema";
import { cronText } from "@/words/cron";

export type MarkKind = FiringRow["verdict"] | "next";

export interface Mark {
  readonly at: number;
  readonly kind: MarkKind;
  /** Why it was not started. */
  readonly reason: string;
  /** `Churn/17`. */
  readonly run: string | null;
  /** How that run stands. */
  readonly status: string | null;
}

export interface Lane {
  readonly key: string;
  readonly target: string;
  readonly schedule: string;
  readonly cron: string;
  readonly zone: string;
  readonly stands: ScheduleView["stands"];
  /** In order of time. */
  readonly marks: readonly Mark[];
}

/** Give a lane for each schedule, with its firings between two times; those that never fire come last. */
export function lanesOf(
  schedules: readonly ScheduleView[],
  firings: readonly FiringRow[],
  next: readonly NextRow[],
  [from, until]: readonly [number, number],
): Lane[] {
  const byLane = new Map<string, Mark[]>();
  const add = (key: string, mark: Mark) => {
    if (mark.at < from || mark.at > until) return;
    const marks = byLane.get(key) ?? [];
    byLane.set(key, marks);
    if (!marks.some((each) => each.at === mark.at && each.kind === mark.kind)) marks.push(mark);
  };
  for (const { target, source, slot, at, verdict, reason, run, status = null } of firings) {
    if (!source.startsWith("schedule:")) continue;
    add(laneKey(target, source.slice("schedule:".length)), { at: slot ?? at, kind: verdict, reason, run, status });
  }
  const coming = (target: string, schedule: string, at: number) =>
    add(laneKey(target, schedule), { at, kind: "next", reason: "", run: null, status: null });
  for (const row of next) coming(row.target, row.schedule, row.at);
  for (const { target, name, stands, next_at } of schedules) {
    if (stands === "fires") for (const at of next_at) coming(target, name, at);
  }
  const lanes = schedules.map(
    ({ target, name, schedule, stands }): Lane => ({
      key: laneKey(target, name),
      target,
      schedule: name,
      cron: schedule.cron,
      zone: schedule.timezone ?? "UTC",
      stands,
      marks: (byLane.get(laneKey(target, name)) ?? []).sort((one, other) => one.at - other.at),
    }),
  );
  // A shadow runs beside what it shadows: it has no slots of its own.
  return lanes.filter(({ stands, marks }) => stands !== "shadow" || marks.length > 0).sort((one, other) => rank(one) - rank(other) || one.key.localeCompare(other.key));
}

function laneKey(target: string, schedule: string): string {
  return `${target} ${schedule}`;
}

function rank({ stands }: Lane): number {
  return stands === "fires" ? 0 : stands === "paused" ? 1 : 2;
}

const STEPS = [300, 600, 900, 1800, 3600, 2 * 3600, 3 * 3600, 6 * 3600, 12 * 3600, 86400, 2 * 86400, 7 * 86400];

/** Give the times at which lines are drawn, about so many, at round times of the reader's clock. */
export function linesOf([from, until]: readonly [number, number], about: number, offsetSeconds: number): number[] {
  const step = STEPS.find((each) => (until - from) / each <= about) ?? 30 * 86400;
  const found: number[] = [];
  for (let at = Math.ceil((from + offsetSeconds) / step) * step - offsetSeconds; at < until; at += step) found.push(at);
  return found;
}

/** What made something fire, in words: `every 2 minutes`, `backfill Churn-1`, `a person`. */
export function sourceText(source: string): string {
  const [kind = "", ...rest] = source.split(":");
  const name = rest.join(":");
  if (kind === "schedule") return cronText(name);
  if (kind === "person") return name ? `person ${name}` : "a person";
  return name ? `${kind} ${name}` : kind;
}
