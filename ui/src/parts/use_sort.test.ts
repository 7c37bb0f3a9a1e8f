import { expect, test } from "vitest";

import { sortAmong } from "@/parts/use_sort";

const COLUMNS = [{ id: "at", isServerSorted: true }, { id: "size", value: () => 1 }, { id: "menu" }];

test("what no column is sorted by is no order of a table", () => {
  expect(sortAmong(COLUMNS, "-at")).toBe(true);
  expect(sortAmong(COLUMNS, "size")).toBe(true);
  expect(sortAmong(COLUMNS, "menu")).toBe(false);
  expect(sortAmong(COLUMNS, "-other")).toBe(false);
  expect(sortAmong(COLUMNS, "")).toBe(false);
});
