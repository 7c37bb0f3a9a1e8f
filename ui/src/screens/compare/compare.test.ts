import { describe, expect, it } from "vitest";

import { bestOf, changeText, isLessBetter, valueRows, withBaseline } from "./order";
import type { CompareView, ComparedRun } from "./shapes";

const run = (label: number, more: Partial<ComparedRun> = {}): ComparedRun => ({
  path: `F/${label}`,
  run: "",
  flow: "F",
  label,
  status: "succeeded",
  user: "ann",
  host: "h",
  started_at: 1,
  ...more,
});
const VIEW: CompareView = {
  runs: [run(1), run(2), run(3)],
  parameters: [{ name: "alpha", values: [1, 2, 3] }],
  metrics: [],
  artifacts: [{ name: "train.model", digests: ["a", "b", "c"], values: [] }],
  files: [],
  code: [],
  environment: [],
  timing: [],
  counts: {},
  is_cut: false,
};

describe("another baseline", () => {
  it("stands first everywhere, the others keep their order", () => {
    const view = withBaseline(VIEW, 2);

    expect(view.runs.map(({ label }) => label)).toEqual([3, 1, 2]);
    expect(view.parameters[0]?.values).toEqual([3, 1, 2]);
    expect(view.artifacts[0]).toMatchObject({ digests: ["c", "a", "b"], values: [] });
  });

  it("is the first run when the place is none", () => {
    expect([withBaseline(VIEW, 0), withBaseline(VIEW, 7)]).toEqual([VIEW, VIEW]);
  });
});

describe("rows of values", () => {
  it("have a value for each run, those that differ first", () => {
    const runs = [run(1, { metrics: { a: 1, b: 1 } }), run(2, { metrics: { a: 1, b: 2 } })];

    expect(valueRows(runs, "metrics", [{ name: "b", values: [1, 2] }])).toEqual([
      { name: "b", values: [1, 2], isDifferent: true },
      { name: "a", values: [1, 1], isDifferent: false },
    ]);
  });
});

describe("the best of a row", () => {
  it.each([
    [[0.8, 0.9, 0.85], false, [1]],
    [[0.8, 0.9, 0.85], true, [0]],
    [[1, 1, 1], false, []],
    [[1, null, "x"], false, []],
    [[2, 2, 1], false, [0, 1]],
    [[Number.NaN, 1, 2], true, [1]],
  ])("of %j", (values, isLess, best) => {
    expect([...bestOf(values, isLess)]).toEqual(best);
  });

  it("goes by the name of the metric", () => {
    expect(["val_loss", "rmse", "f1", "accuracy", "latency_p95", "terror_recall"].map(isLessBetter)).toEqual([
      true,
      true,
      false,
      false,
      true,
      false,
    ]);
  });
});

describe("a change", () => {
  it.each([
    [1.1, 1, "+10 %"],
    [0.5, 1, "−50 %"],
    [1.000000001, 1, ""],
    [1, 1, ""],
    [1, 0, "+"],
    [50, 1, "50×"],
    ["x", 1, ""],
  ])("from the baseline: %j, %j, %j", (value, baseline, text) => {
    expect(changeText(value, baseline)).toBe(text);
  });
});
