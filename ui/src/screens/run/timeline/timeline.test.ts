import { describe, expect, it } from "vitest";

import { busyOf } from "./busy";
import { itemText } from "./draw";
import { OPEN_UP_TO, rowsOf } from "./rows";
import { pan, ticksOf, timeAt, xOf, zoom } from "./scale";
import { type Span, SpanList } from "./spans";

function span(label: number, more: Partial<Span> = {}): Span {
  return {
    label,
    step: "train",
    key: `train/start.${label}`,
    status: "succeeded",
    attempt: 0,
    ready: 0,
    started: 10,
    finished: 20,
    isReused: false,
    ...more,
  };
}

const NO_CHOICE = { open: new Map<string, boolean>(), isCriticalOnly: false, search: "" };

describe("the spans of a run", () => {
  it("replace what was known of an attempt and keep the others", () => {
    const spans = new SpanList();
    spans.merge([
      span(1, { status: "retrying", attempt: 0 }),
      span(1, { status: "running", attempt: 1, started: 30, finished: null }),
    ]);
    spans.merge([span(1, { attempt: 1, started: 30, finished: 40 })]);

    expect(spans.tasks[0]?.attempts.map(({ status }) => status)).toEqual(["retrying", "succeeded"]);
  });

  it("say whether anything changed", () => {
    const spans = new SpanList();

    expect([spans.merge([span(1)]), spans.merge([span(1)]), spans.merge([span(1, { status: "failed" })])]).toEqual([
      true,
      false,
      true,
    ]);
  });

  it("come in the order of their numbers whatever the order in which they came", () => {
    const spans = new SpanList();
    spans.merge([span(9), span(2), span(5)]);

    expect(spans.tasks.map(({ label }) => label)).toEqual([2, 5, 9]);
  });

  it("reach from the first moment of readiness to now while something runs", () => {
    const spans = new SpanList();
    spans.merge([span(1, { ready: 4 }), span(2, { finished: null }), span(3, { isReused: true, started: 1 })]);

    expect(spans.extent(55)).toEqual([4, 55]);
  });

  it("keep the mark of the critical path when they change", () => {
    const spans = new SpanList();
    spans.merge([span(1), span(2)]);
    spans.mark(new Set([2]));
    spans.merge([span(2, { status: "failed" })]);

    expect(spans.tasks.map(({ isCritical }) => isCritical)).toEqual([false, true]);
  });
});

describe("rows", () => {
  const many = (count: number) => {
    const spans = new SpanList();
    spans.merge([
      span(0, { step: "start", key: "start" }),
      ...Array.from({ length: count }, (_, index) => span(index + 1)),
    ]);
    return spans.tasks;
  };

  it("give a step of one task a row of its own", () => {
    expect(rowsOf(many(0), NO_CHOICE).map(({ kind }) => kind)).toEqual(["task"]);
  });

  it("open a small step and keep a large one closed", () => {
    expect([rowsOf(many(3), NO_CHOICE).length, rowsOf(many(OPEN_UP_TO + 1), NO_CHOICE).length]).toEqual([
      1 + 1 + 3,
      1 + 1,
    ]);
  });

  it("follow the reader's choice over that", () => {
    const rows = rowsOf(many(3), { ...NO_CHOICE, open: new Map([["train", false]]) });

    expect(rows.map(({ kind }) => kind)).toEqual(["task", "step"]);
  });

  it("count reused tasks apart", () => {
    const spans = new SpanList();
    spans.merge([span(1), span(2, { isReused: true }), span(3, { status: "failed" })]);
    const [row] = rowsOf(spans.tasks, NO_CHOICE);

    expect(row?.kind === "step" && row.counts).toEqual({ succeeded: 1, reused: 1, failed: 1 });
  });

  it("hold what was looked for", () => {
    expect(
      rowsOf(many(30), { ...NO_CHOICE, search: "TRAIN/30" }).map((row) => row.kind === "task" && row.line.label),
    ).toEqual([30]);
  });
});

describe("the scale", () => {
  const whole = { from: 0, to: 100 };

  it("turns times into pixels and back", () => {
    expect(timeAt(xOf(42, whole, 800), whole, 800)).toBeCloseTo(42);
  });

  it("keeps the moment under the pointer while it zooms", () => {
    const near = zoom(whole, 0.25, 40, whole);

    expect(xOf(40, near, 1000)).toBeCloseTo(xOf(40, whole, 1000));
  });

  it("never shows more than there is", () => {
    expect([
      zoom(whole, 4, 50, whole),
      pan({ from: 10, to: 30 }, -50, whole),
      pan({ from: 10, to: 30 }, 500, whole),
    ]).toEqual([whole, { from: 0, to: 20 }, { from: 80, to: 100 }]);
  });

  it("marks round times from the run's start", () => {
    expect(ticksOf({ from: 1000, to: 1240 }, 400, 1000).map(({ text }) => text)).toEqual([
      "0",
      "1:00",
      "2:00",
      "3:00",
      "4:00",
    ]);
  });

  it("marks thousandths where it is zoomed far in", () => {
    expect(ticksOf({ from: 5, to: 5.01 }, 500, 5).map(({ text }) => text)).toEqual([
      "0",
      "0.002 s",
      "0.004 s",
      "0.006 s",
      "0.008 s",
      "0.01 s",
    ]);
  });
});

describe("how many run at once", () => {
  const window = { from: 0, to: 10 };
  const tasksOf = (...all: Span[]) => {
    const spans = new SpanList();
    spans.merge(all);
    return spans.tasks;
  };

  it("counts whole bins and shares of those that are cut", () => {
    const { running } = busyOf(tasksOf(span(1, { started: 1.5, finished: 4.25 })), window, 10, 99);

    expect([...running]).toEqual([0, 0.5, 1, 1, 0.25, 0, 0, 0, 0, 0]);
  });

  it("agrees with counting every moment", () => {
    const all = Array.from({ length: 200 }, (_, label) =>
      span(label, { started: ((label * 7919) % 97) / 10, finished: ((label * 7919) % 97) / 10 + (label % 13) / 5 }),
    );
    const { running } = busyOf(tasksOf(...all), window, 50, 99);
    const slow = Array.from({ length: 50 }, (_, bin) => {
      const [from, to] = [bin / 5, (bin + 1) / 5];
      return all.reduce(
        (sum, { started, finished }) => sum + Math.max(0, Math.min(to, finished ?? 99) - Math.max(from, started)) * 5,
        0,
      );
    });

    slow.forEach((value, bin) => expect(running[bin]).toBeCloseTo(value, 3));
  });

  it("lets an attempt wait only from the end of the one before", () => {
    const tasks = tasksOf(
      span(1, { ready: 0, started: 0, finished: 4, status: "retrying" }),
      span(1, { attempt: 1, ready: 1, started: 6, finished: 8 }),
    );
    const { waiting, failed, peakRunning } = busyOf(tasks, window, 10, 99);

    expect([[...waiting], [...failed], peakRunning]).toEqual([
      [0, 0, 0, 0, 1, 1, 0, 0, 0, 0],
      [1, 1, 1, 1, 0, 0, 0, 0, 0, 0],
      1,
    ]);
  });
});

describe("the items of a key", () => {
  it.each([
    ["train", ""],
    ["train~2", "  pass 3"],
    ["city/start.3/country.5", "  [3, 5]"],
  ])("of %s are %s", (key, text) => {
    expect(itemText(key)).toBe(text);
  });
});
