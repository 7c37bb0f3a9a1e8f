import { expect, test } from "vitest";

import type { TrafficPoint } from "@/api/schema";

import { colourOf, curvesOf, happeningsOf, stretchesOf } from "./curves";

const point = (at: number, version: number, parts: Partial<TrafficPoint> = {}): TrafficPoint => ({
  at,
  version,
  requests: 10,
  logged: 10,
  refused: 0,
  failed: 0,
  p50: 0.01,
  p95: 0.02,
  p99: 0.03,
  ...parts,
});
const traffic = (points: TrafficPoint[]) => ({ since: 0, until: 50, width: 10, told_since: 0, damaged: 0, points });

test("stretches begin at round times, so that curves keep their shape while they move", () => {
  expect(stretchesOf(900, 90, 1234)).toEqual({ since: 340, until: 1240, count: 90 });
  expect(stretchesOf(900, 90, 1239.9)).toEqual({ since: 340, until: 1240, count: 90 });
});

test("the stretch that has not ended is left out: nobody stopped asking", () => {
  const [requests] = curvesOf(traffic([point(0, 1), point(10, 1), point(40, 1, { requests: 1 })]), 1, 47).requests;

  expect(requests?.ys).toEqual([60, 60, 0, 0, null]);
});

test("that nobody asks any more is seen at the version that is live, and ends the curve of the other", () => {
  const { requests } = curvesOf(traffic([point(0, 1), point(10, 2)]), 2, 100);

  expect(requests.map(({ ys }) => ys)).toEqual([
    [60, 0, null, null, null],
    [0, 60, 0, 0, 0],
  ]);
});

test("without requests there is no latency and no share of failures", () => {
  const curves = curvesOf(traffic([point(0, 1, { failed: 5 }), point(20, 1)]), 1, 100);

  expect(curves.failed[0]?.ys).toEqual([0.5, null, 0, null, null]);
  expect(curves.latency.map(({ name }) => name)).toEqual(["version 1, p50", "version 1, p99"]);
  expect(curves.latency[1]?.ys).toEqual([0.03, null, 0.03, null, null]);
});

test("a version keeps its colour, whichever others are there", () => {
  expect(curvesOf(traffic([point(0, 3)]), 3, 100).requests[0]?.colour).toBe(3);
  expect(colourOf(11)).toBe(1);
});

test("what happened is told in order, and only what happened in that time", () => {
  const versions = [
    { number: 2, at: 20, user: "ann" },
    { number: 1, at: -5, user: "ann" },
  ];
  const changes = [
    { at: 40, change: "promote" as const, number: 3, user: "host", reason: "rollout: no worse" },
    { at: 20, change: "deploy" as const, number: 2, user: "ann", reason: "" },
  ];
  const rollouts = [{ number: 2, state: "rolled_back" as const, since: 30, reason: "worse: more failures" }];

  expect(happeningsOf(versions, changes, rollouts, [0, 50]).map(({ words, isBad }) => [words, Boolean(isBad)])).toEqual([
    ["version 2 was deployed by ann", false],
    ["version 2 was rolled back: worse: more failures", true],
    ["version 3 took over by itself: no worse", false],
  ]);
});
