import { expect, test } from "vitest";

import { nextSort, sortedBy } from "@/parts/sorting";

test("clicks go through both directions and back to none", () => {
  expect(nextSort("", "f1", "falling")).toBe("-f1");
  expect(nextSort("-f1", "f1", "falling")).toBe("f1");
  expect(nextSort("f1", "f1", "falling")).toBe("");
  expect(nextSort("-other", "name")).toBe("name");
});

test("what has no value comes last in both directions, equal rows keep their order", () => {
  const rows = [
    { id: "a", f1: 0.5 },
    { id: "b", f1: null },
    { id: "c", f1: 0.9 },
    { id: "d", f1: 0.5 },
    { id: "e", f1: Number.NaN },
  ];

  expect(sortedBy(rows, (row) => row.f1, false).map(({ id }) => id)).toEqual(["a", "d", "c", "b", "e"]);
  expect(sortedBy(rows, (row) => row.f1, true).map(({ id }) => id)).toEqual(["c", "a", "d", "b", "e"]);
});

test("names with numbers in them count as people count", () => {
  expect(sortedBy(["fold 10", "fold 9"], (row) => row, false)).toEqual(["fold 9", "fold 10"]);
});
