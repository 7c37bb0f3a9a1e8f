import { expect, test } from "vitest";

import { NODE_HEIGHT, NODE_WIDTH, layoutOf } from "@/parts/graph_layout";

const nodes = ["start", "train", "judge", "end"].map((id) => ({ id, title: id }));
const edges = [
  { from: "start", to: "train" },
  { from: "train", to: "judge" },
  { from: "judge", to: "train", kind: "back" as const },
  { from: "judge", to: "end" },
  { from: "judge", to: "nowhere" },
];

test("steps stand in their order, also around a loop, and never on each other", () => {
  const layout = layoutOf(nodes, edges, "LR");
  const xs = layout.nodes.map(({ x }) => x);

  expect([...xs].sort((one, other) => one - other)).toEqual(xs);
  for (const [index, one] of layout.nodes.entries()) {
    for (const other of layout.nodes.slice(index + 1)) {
      const isApart = Math.abs(one.x - other.x) >= NODE_WIDTH || Math.abs(one.y - other.y) >= NODE_HEIGHT;
      expect(isApart).toBe(true);
    }
  }
  expect(layout.edges.length).toBe(4);
});

test("a graph of three hundred steps is laid out", () => {
  const many = Array.from({ length: 300 }, (_, index) => ({ id: String(index), title: "x" }));
  const chain = many.slice(1).map((_, index) => ({ from: String(Math.floor(index / 3)), to: String(index + 1) }));

  expect(layoutOf(many, chain, "TB").nodes.length).toBe(300);
});
