import { expect, test } from "vitest";

import { changeOf, totalsOf } from "./pairs";

const PAIR = { status: ["succeeded", "succeeded"] as [string, string], seconds: [2, 3] as [number, number], equal_artifacts: 4, different_artifacts: ["a.b"] };

test("pairs add up", () => {
  const failed = { ...PAIR, status: ["succeeded", "failed"] as [string, string], seconds: [2, null] as [number, null], different_artifacts: [] };

  expect(totalsOf([PAIR, failed])).toEqual({ pairs: 2, bothSucceeded: 1, equal: 8, different: 1, times: 1.5 });
});

test("without times of both nothing is said of them", () => {
  expect(totalsOf([]).times).toBeNull();
});

test.each([
  [2, 3, "+50 %"],
  [100, 99, "−1.0 %"],
  [-2, -1, "+50 %"],
  [0, 5, ""],
  [1, 1, ""],
  ["a", "b", ""],
])("from %s to %s is %s", (one, two, text) => {
  expect(changeOf(one, two)).toBe(text);
});
