import { expect, test } from "vitest";

import { lanesOf, linesOf, sourceText } from "./lanes";

const SCHEDULE = {
  target: "Scores@production",
  name: "daily",
  schedule: { cron: "0 6 * * *", timezone: "Europe/Berlin" },
  stands: "fires" as const,
  next_at: [200, 300],
  due: null,
  last_slot: null,
  last_verdict: null,
  last_reason: "",
  last_run: null,
};
const FIRING = {
  key: "k",
  target: "Scores@production",
  source: "schedule:daily",
  at: 101,
  verdict: "missed" as const,
  slot: 100,
  reason: "nobody was there",
  run: null,
};

test("firings stand at their slots, those to come once", () => {
  const next = [{ target: "Scores@production", schedule: "daily", cron: "0 6 * * *", timezone: "Europe/Berlin", at: 200 }];
  const [lane] = lanesOf([SCHEDULE], [FIRING], next, [0, 250]);

  expect(lane?.marks.map(({ at, kind }) => [at, kind])).toEqual([
    [100, "missed"],
    [200, "next"],
  ]);
  expect(lane?.zone).toBe("Europe/Berlin");
});

test("what people and events started is in no lane", () => {
  const [lane] = lanesOf([{ ...SCHEDULE, next_at: [] }], [{ ...FIRING, source: "person" }], [], [0, 250]);

  expect(lane?.marks).toEqual([]);
});

test("what is paused has nothing to come, and stands below", () => {
  const paused = { ...SCHEDULE, target: "A@production", stands: "paused" as const };
  const lanes = lanesOf([paused, SCHEDULE], [], [], [0, 500]);

  expect(lanes.map(({ target, marks }) => [target, marks.length])).toEqual([
    ["Scores@production", 2],
    ["A@production", 0],
  ]);
});

test("lines stand at round times of the reader's clock", () => {
  const day = 86400;
  const lines = linesOf([10 * day + 1, 12 * day], 10, 5400);

  expect(lines.every((at) => (at + 5400) % (6 * 3600) === 0)).toBe(true);
  expect(lines.length).toBe(8);
});

test("a mark says how its run ended, and a shadow has no lane", () => {
  const firing = { ...FIRING, verdict: "started" as const, run: "Scores/1", status: "failed" as const };
  const lanes = lanesOf([SCHEDULE, { ...SCHEDULE, target: "Scores@shadow.2", stands: "shadow" }], [firing], [], [0, 150]);

  expect(lanes.map(({ target }) => target)).toEqual(["Scores@production"]);
  expect(lanes[0]?.marks[0]).toMatchObject({ kind: "started", run: "Scores/1", status: "failed" });
});

test.each([
  ["schedule:*/2 * * * *", "every 2 minutes"],
  ["backfill:Churn-1", "backfill Churn-1"],
  ["person", "a person"],
  ["shadow", "shadow"],
])("%s is %s", (source, words) => {
  expect(sourceText(source)).toBe(words);
});
