import { expect, test } from "vitest";

import { marksOf, movedSpan, zoomedSpan } from "@/parts/timeline_scale";

test("marks are round and not closer than asked", () => {
  expect(marksOf({ from: 0, to: 61 }, 600)).toEqual([0, 10, 20, 30, 40, 50, 60]);
  expect(marksOf({ from: 0.031, to: 0.09 }, 400)).toEqual([0.04, 0.06, 0.08]);
  expect(marksOf({ from: 0, to: 0 }, 400)).toEqual([]);
});

test("the point under the pointer stays while all else grows", () => {
  const whole = { from: 0, to: 100 };
  const span = zoomedSpan(whole, whole, 2, 25);

  expect(span).toEqual({ from: 12.5, to: 62.5 });
  expect(zoomedSpan(span, whole, 0.1, 25)).toEqual(whole);
});

test("nothing moves beyond the whole", () => {
  expect(movedSpan({ from: 10, to: 20 }, { from: 0, to: 100 }, -50)).toEqual({ from: 0, to: 10 });
  expect(movedSpan({ from: 10, to: 20 }, { from: 0, to: 100 }, 500)).toEqual({ from: 90, to: 100 });
});
