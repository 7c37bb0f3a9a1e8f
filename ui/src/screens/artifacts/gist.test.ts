import { expect, test } from "vitest";

import { gist } from "./gist";

const VALUE = { digest: "0".repeat(64), type: "x.Y", size: 1 };

test("a table is its shape and its columns", () => {
  const schema: [string, string][] = [
    ["amount", "int64"],
    ["day", "str"],
  ];

  expect(gist({ ...VALUE, kind: "table", shape: [4200, 2], schema })).toBe("4,200 × 2 amount, day");
});

test("a text is its first line's worth", () => {
  const text = gist({ ...VALUE, kind: "text", preview: `a\n${"b".repeat(500)}` });

  expect(text).toHaveLength(120);
  expect(text.startsWith("a bbb")).toBe(true);
});

test("what kept no preview says nothing", () => {
  expect(gist(VALUE)).toBe("");
});
