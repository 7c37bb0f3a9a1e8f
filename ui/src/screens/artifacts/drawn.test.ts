import { expect, test } from "vitest";

import { drawnAncestry, drawnUses } from "./drawn";

const NODES = [
  { id: "a", kind: "artifact" as const, name: "model", path: "Churn/17/train/4/model", distance: 0, digest: "d1", type: "sklearn.Model" },
  { id: "t", kind: "task" as const, name: "train/4", path: "Churn/17/train/4", distance: -1, status: "succeeded" },
  { id: "f", kind: "file" as const, name: "x.csv", path: "/data/x.csv", distance: -2 },
  { id: "s", kind: "service" as const, name: "Risk/3", path: "Risk/3", distance: 1 },
];

test("each thing leads to its page, a file to none", () => {
  const { links } = drawnAncestry({ root: "a", nodes: NODES, ties: [{ source: "t", target: "a" }], is_cut: false });

  expect(Object.fromEntries(links)).toEqual({ a: "/artifacts/d1", t: "/runs/Churn/17/train/4", s: "/endpoints/Risk" });
});

test("ties are edges, states are shown on tasks", () => {
  const drawn = drawnAncestry({ root: "a", nodes: NODES, ties: [{ source: "t", target: "a" }], is_cut: false });

  expect(drawn.edges).toEqual([{ from: "t", to: "a" }]);
  expect(drawn.nodes.map(({ subtitle, status }) => [subtitle, status])).toEqual([
    ["Model", undefined],
    ["Churn/17", "succeeded"],
    ["/data/x.csv", undefined],
    ["answers from it", undefined],
  ]);
});

test("without more the tasks that set and read a value stand around it", () => {
  const use = { task: "Churn/17/train/4", run: "Churn/17", step: "train", label: "4", name: "model", status: "succeeded" as const, started_at: 1, finished_at: 2 };
  const value = { digest: "d", type: "int", codec: "json", size: 1, header: {}, made_by: [use], used_by: [use], services: [], has_more: false };
  const drawn = drawnUses(value as unknown as Parameters<typeof drawnUses>[0], "model");

  expect(drawn.edges).toEqual([
    { from: "made Churn/17/train/4", to: "value" },
    { from: "value", to: "used Churn/17/train/4" },
  ]);
});
