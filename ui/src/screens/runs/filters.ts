/** What the list of runs is narrowed by: kept in the address, asked of the API. */

import { type QueryValues, apiUrl } from "@/api/client";

/** The names of the address, each with how the chip calls it. Names with several values are repeated. */
export const FILTERS = [
  { id: "flow", name: "flow", isMany: false },
  { id: "status", name: "status", isMany: true },
  { id: "user", name: "user", isMany: false },
  { id: "tag", name: "tag", isMany: true },
  { id: "time", name: "started", isMany: false },
  { id: "parameter", name: "parameter", isMany: true },
  { id: "metric", name: "metric", isMany: true },
  { id: "target", name: "deployment", isMany: false },
  { id: "project", name: "project", isMany: true },
] as const;

export type FilterId = (typeof FILTERS)[number]["id"];

/** A filter that holds. */
export interface Chip {
  readonly id: FilterId;
  readonly name: string;
  readonly value: string;
  /** How the value reads. */
  readonly text: string;
}

/** Spans of time that are offered. */
export const SPANS: Readonly<Record<string, { readonly name: string; readonly seconds: number }>> = {
  "1h": { name: "in the last hour", seconds: 3600 },
  "24h": { name: "in the last 24 hours", seconds: 86400 },
  "7d": { name: "in the last 7 days", seconds: 7 * 86400 },
  "30d": { name: "in the last 30 days", seconds: 30 * 86400 },
};

/** Give the filters that an address holds, in their order. */
export function chipsOf(query: URLSearchParams): Chip[] {
  return FILTERS.flatMap(({ id, name, isMany }) => {
    const values = isMany ? query.getAll(id) : query.getAll(id).slice(0, 1);
    return values.filter(Boolean).map((value) => ({ id, name, value, text: id === "time" ? timeText(value) : value }));
  });
}

/** How a time filter reads: `24h`, or two days with two dots between, either of which may be missing. */
function timeText(value: string): string {
  const span = SPANS[value];
  if (span) return span.name;
  const [since = "", until = ""] = value.split("..");
  if (since && until) return `${since} to ${until}`;
  return until ? `until ${until}` : `since ${since}`;
}

/**
 * Give the bounds of a time filter in Unix seconds. Spans count from a full minute before now, so that the address of
 * the question does not change with every second.
 */
export function boundsOf(value: string, now: number): { since?: number; until?: number } {
  const span = SPANS[value];
  if (span) return { since: Math.floor(now / 60) * 60 - span.seconds };
  const [from = "", to = ""] = value.split("..");
  const since = dayStart(from);
  const until = dayStart(to);
  return { ...(since === null ? {} : { since }), ...(until === null ? {} : { until: until + 86400 }) };
}

/** Give the address of the API that answers a view: `path` is `/runs` or `/runs/grid`. */
export function questionOf(path: string, query: URLSearchParams, now: number, more: QueryValues = {}): string {
  const sort = sortOf(query.get("sort") ?? "");
  return apiUrl(path, {
    flow: query.get("flow"),
    status: query.getAll("status"),
    user: query.get("user"),
    tag: query.getAll("tag"),
    target: query.get("target"),
    project: query.getAll("project"),
    parameter: query.getAll("parameter"),
    metric: query.getAll("metric"),
    search: query.get("q"),
    ...boundsOf(query.get("time") ?? "", now),
    ...sort,
    ...more,
  });
}

/** `-duration`, `metric:f1`, `parameter:alpha` as the API asks for them. */
export function sortOf(text: string): QueryValues {
  if (!text) return {};
  const sign = text.startsWith("-") ? "-" : "";
  const id = text.slice(sign.length);
  for (const kind of ["metric", "parameter"]) {
    if (id.startsWith(`${kind}:`)) return { sort: sign + kind, [`sort_${kind}`]: id.slice(kind.length + 1) };
  }
  return { sort: text };
}

function dayStart(text: string): number | null {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  if (!match) return null;
  return new Date(Number(match[1]), Number(match[2]) - 1, Number(match[3])).getTime() / 1000;
}
