import { expect, test } from "vitest";

import type { RunSummary } from "@/api/shapes";
import { trendsOf } from "@/screens/flow/trends";

function run(label: number, metrics: RunSummary["metrics"]): RunSummary {
  return { label, metrics, started_at: 100, finished_at: 100 + label } as RunSummary;
}

test("each metric that is a number in two runs is a curve over the runs' numbers, the duration is one too", () => {
  const trends = trendsOf([run(3, { f1: 0.9, best: "svm", once: 1 }), run(2, {}), run(1, { f1: 0.7 })]);

  expect(trends.map(({ name, xs, ys }) => ({ name, xs, ys }))).toEqual([
    { name: "f1", xs: [1, 3], ys: [0.7, 0.9] },
    { name: "duration", xs: [1, 2, 3], ys: [1, 2, 3] },
  ]);
});

test("one run is no trend", () => {
  expect(trendsOf([run(1, { f1: 0.5 })])).toEqual([]);
});
