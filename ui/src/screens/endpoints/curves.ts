/** What the log says of traffic, as curves: a value for each stretch of time, by version, and what happened meanwhile. */

import type { RolloutMark, ServiceChangeView, ServiceVersionRow, Traffic, TrafficPoint } from "@/api/schema";
import type { ChartMark, Series } from "@/parts/chart";

/** Seconds after which an answer is in the log. */
export const LOGGED_SECONDS = 6;

export interface Stretch {
  readonly since: number;
  readonly until: number;
  readonly count: number;
}

/** Give the stretches that a time up to now is cut into: at round times, so that a curve keeps its shape while it moves. */
export function stretchesOf(seconds: number, count: number, now: number): Stretch {
  const width = seconds / count;
  const until = Math.ceil(now / width) * width;
  return { since: until - seconds, until, count };
}

export interface Curves {
  readonly requests: readonly Series[];
  readonly failed: readonly Series[];
  readonly refused: readonly Series[];
  readonly latency: readonly Series[];
}

/**
 * Draw traffic: nothing asked is a rate of zero and no latency. The stretch that has not ended, or is not in the log
 * yet, is left out: it would look as if requests had stopped. That they stopped is seen at the version which is `live`.
 */
export function curvesOf({ since, until, width, points }: Traffic, live: number, now: number): Curves {
  const count = Math.round((until - since) / width);
  const xs = Array.from({ length: count }, (_, index) => since + index * width);
  const ended = xs.filter((x) => x + width <= now - LOGGED_SECONDS).length;
  const versions = byVersion(points, (at) => Math.round((at - since) / width));
  const series = (
    name: (version: number) => string,
    value: (point: TrafficPoint) => number,
    without: number | null,
    isDashed = false,
  ): Series[] =>
    [...versions].map(([version, { known, first, last }]) => ({
      name: name(version),
      xs,
      // A version that is not asked yet, or no more, has no curve: no line of zeros beside the others.
      ys: xs.map((_, place) =>
        place >= ended ? null : valueAt(known.get(place), value, place < first - 1 || (place > last + 1 && version !== live) ? null : without),
      ),
      colour: colourOf(version),
      ...(isDashed ? { isDashed } : {}),
    }));
  const named = (version: number) => `version ${version}`;
  return {
    requests: series(named, (point) => (point.requests / width) * 60, 0),
    failed: series(named, (point) => point.failed / point.logged, null),
    refused: series(named, (point) => point.refused / point.logged, null),
    latency: [
      ...series((version) => `version ${version}, p50`, (point) => point.p50, null),
      ...series((version) => `version ${version}, p99`, (point) => point.p99, null, true),
    ],
  };
}

function valueAt(point: TrafficPoint | undefined, value: (point: TrafficPoint) => number, without: number | null): number | null {
  return point ? value(point) : without;
}

/** Give the number of a version's colour: the same on all curves and bars, whatever else is there. */
export function colourOf(version: number): number {
  return ((version - 1) % COLOURS) + 1;
}

const COLOURS = 10;

interface Known {
  readonly known: Map<number, TrafficPoint>;
  first: number;
  last: number;
}

function byVersion(points: readonly TrafficPoint[], placeOf: (at: number) => number): Map<number, Known> {
  const found = new Map<number, Known>();
  for (const point of [...points].sort((one, other) => one.version - other.version)) {
    const place = placeOf(point.at);
    const one = found.get(point.version) ?? { known: new Map(), first: place, last: place };
    one.known.set(place, point);
    one.first = Math.min(one.first, place);
    one.last = Math.max(one.last, place);
    found.set(point.version, one);
  }
  return found;
}

/** Who decides where nobody does. */
const HOST = "host";

/** Something that happened to a service: a mark on its curves, and a line below them. */
export interface Happening extends ChartMark {
  readonly words: string;
}

/** Give what happened in a time: versions that came, took over or went back, and pauses; the earliest first. */
export function happeningsOf(
  versions: readonly Pick<ServiceVersionRow, "number" | "at" | "user">[],
  changes: readonly Pick<ServiceChangeView, "at" | "change" | "number" | "user" | "reason">[],
  rollouts: readonly Pick<RolloutMark, "number" | "state" | "since" | "reason">[],
  [since, until]: readonly [number, number],
): Happening[] {
  const found: Happening[] = versions.map(({ number, at, user }) => ({ x: at, name: `v${number}`, words: `version ${number} was deployed by ${user}` }));
  for (const { at, change, number, user, reason } of changes) {
    if (change === "deploy") continue;
    const why = reason && `: ${reason}`;
    if (change === "promote") found.push({ x: at, name: `v${number} live`, words: `version ${number} took over ${user === HOST ? "by itself" : `by ${user}`}${why.replace(": rollout: ", ": ")}` });
    else if (change === "rollback") found.push({ x: at, name: `back to v${number}`, words: `back to version ${number} by ${user}${why}`, isBad: true });
    else if (change === "pause") found.push({ x: at, name: "paused", words: `paused by ${user}${why}`, isBad: true });
    else if (change === "unpause") found.push({ x: at, name: "unpaused", words: `unpaused by ${user}` });
  }
  for (const { number, state, since: at, reason } of rollouts) {
    const why = reason && `: ${reason}`;
    if (state === "rolled_back") found.push({ x: at, name: `v${number} back`, words: `version ${number} was rolled back${why}`, isBad: true });
    else if (state === "held") found.push({ x: at, name: `v${number} held`, words: `version ${number} is held at its share${why}`, isBad: true });
  }
  return found.filter(({ x }) => x >= since && x <= until).sort((one, other) => one.x - other.x);
}
