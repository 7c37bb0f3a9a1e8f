import { describe, expect, it } from "vitest";

import { counted } from "./counted";
import { CurveSet, type TaskCurve, seriesOf, smoothed } from "./curves";
import { packageRows } from "./environment_tab";
import { readChanges } from "./live";
import { adviceOf } from "./resources_tab";
import type { GraphView, StepView, TaskSummary } from "./shapes";
import { openedFor, standingOf } from "./standing";

const STEP: StepView = { name: "train", kind: "linear", file: "f.py", line: 1 };
const task = (label: number, status: string): TaskSummary => ({
  path: `F/1/train/${label}`,
  step: "train",
  label,
  key: `train/${label}`,
  status: status as TaskSummary["status"],
  attempt: 0,
  started_at: 5,
});

describe("the messages of a run's stream", () => {
  it("are put together, the latest word on each task", () => {
    const message = (tasks: TaskSummary[], run: unknown = null) => ({
      id: "1",
      name: "changes",
      data: JSON.stringify({ tasks, run }),
    });
    const changes = readChanges([
      message([task(1, "running"), task(2, "running")]),
      message([task(1, "failed")], { status: "running" }),
    ]);

    expect(changes?.tasks.map(({ label, status }) => `${label} ${status}`)).toEqual(["1 failed", "2 running"]);
    expect(changes?.run?.status).toBe("running");
  });

  it("are left out when they cannot be read or are of another kind", () => {
    expect(
      readChanges([
        { id: "1", name: "changes", data: "{" },
        { id: "2", name: "other", data: "{}" },
      ]),
    ).toBe(null);
  });
});

describe("live counts", () => {
  const graph: GraphView = {
    start: "train",
    end: "train",
    doc: "",
    steps: [{ ...STEP, counts: { running: 2 } }],
    edges: [],
  };

  it("move a task from one count to another", () => {
    expect(counted(graph, [task(1, "succeeded")], new Map()).steps[0]?.counts).toEqual({ running: 1, succeeded: 1 });
  });

  it("count a task once, however often it is told", () => {
    const known = new Map<string, string>();
    const once = counted(graph, [task(3, "running")], known);
    const again = counted(once, [task(3, "running")], known);

    expect(again.steps[0]?.counts).toEqual({ running: 3 });
  });

  it("follow a task that is tried again", () => {
    const known = new Map<string, string>();
    const after = ["retrying", "running", "succeeded"].reduce(
      (now, status) => counted(now, [task(1, status)], known),
      graph,
    );

    expect(after.steps[0]?.counts).toEqual({ running: 1, succeeded: 1 });
  });
});

describe("how a step stands", () => {
  it.each([
    [{ succeeded: 3 }, "succeeded"],
    [{ succeeded: 3, running: 1 }, "running"],
    [{ succeeded: 3, running: 1, failed: 1 }, "failed"],
    [{ succeeded: 3, caught: 1 }, "caught"],
    [{}, "pending"],
  ])("with %o is %s", (counts, status) => {
    expect(standingOf({ ...STEP, counts }, null).status).toBe(status);
  });

  it("expects what the foreach around it has opened", () => {
    const steps: StepView[] = [
      { ...STEP, name: "start", kind: "foreach", width: 40 },
      { ...STEP, level: ["start"], counts: { succeeded: 7 } },
    ];
    const inner = steps[1] as StepView;

    expect(standingOf(inner, openedFor(inner, steps))).toMatchObject({ known: 7, expected: 40 });
  });

  it("tells reused tasks from those that ran", () => {
    expect(standingOf({ ...STEP, counts: { succeeded: 5 }, reused: 3 }, null).shares).toEqual([
      ["succeeded", 2],
      ["reused", 3],
    ]);
  });
});

describe("curves", () => {
  const curve: TaskCurve = {
    task: "F/1/train/4",
    label: 4,
    attempt: 0,
    steps: [0, 1, 2],
    times: [10, 11, 12],
    values: [1, 2, 4],
    count: 3,
  };

  it("grow by points that are new, and by none that the answer had", () => {
    const set = new CurveSet("loss");
    set.replace({ name: "loss", rows: [curve] });
    const isGrown = set.add({
      label: 4,
      attempt: 0,
      names: ["loss", "other", "loss"],
      steps: [2, 3, 3],
      times: [12, 13, 13],
      values: [4, 9, 8],
    });

    expect([isGrown, set.rows[0]?.values]).toEqual([true, [1, 2, 4, 8]]);
  });

  it("are of tasks, and of another try when it is not the first", () => {
    expect(seriesOf([curve, { ...curve, attempt: 1 }], "since", 0).map(({ name, xs }) => [name, xs])).toEqual([
      ["train/4", [0, 1, 2]],
      ["train/4, try 2", [0, 1, 2]],
    ]);
  });

  it("rise even when a step was logged again", () => {
    expect(seriesOf([{ ...curve, steps: [0, 1, 1] }], "step", 0)[0]).toMatchObject({ xs: [0, 1], ys: [1, 4] });
  });

  it("stay bounded", () => {
    const set = new CurveSet("loss");
    for (let part = 0; part < 20; part++) {
      const times = Array.from({ length: 1000 }, (_, index) => part * 1000 + index + 1);
      set.add({ label: 1, attempt: 0, names: times.map(() => "loss"), steps: times, times, values: times });
    }

    expect(set.rows[0]?.times.length).toBeLessThan(4001);
    expect([set.rows[0]?.times.at(-1), set.rows[0]?.count]).toEqual([20_000, 20_000]);
  });

  it("are smoothed without a start at zero", () => {
    expect(smoothed([2, 2, null, 2], 0.9).map((value) => value && Number(value.toFixed(9)))).toEqual([2, 2, null, 2]);
  });
});

describe("packages", () => {
  it("that differ come first, with what they were", () => {
    const rows = packageRows(
      { numpy: "2.0", pandas: "2.2", rich: "13" },
      { numpy: "1.26", pandas: "2.2", six: "1" },
      "",
    );

    expect(rows.map(({ name, kind }) => `${name} ${kind}`)).toEqual([
      "numpy changed",
      "rich new",
      "six gone",
      "pandas same",
    ]);
  });
});

describe("advice on resources", () => {
  it("names a number when far too much memory was asked", () => {
    expect(
      adviceOf({ step: "a", tasks: 1, asked: { memory: 8000 }, peak_memory_bytes: 200e6, memory_share: 0.025 }),
    ).toContain("memory=300");
  });

  it("is silent when what was asked fits", () => {
    expect(adviceOf({ step: "a", tasks: 1, asked: { memory: 500 }, peak_memory_bytes: 300e6, memory_share: 0.6 })).toBe(
      "",
    );
  });
});
