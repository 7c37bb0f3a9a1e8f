import { expect, test } from "vitest";

import { pushedOff } from "@/api/use_query";

const key = (row: number) => String(row);

test("rows that newer ones pushed off the first page are kept", () => {
  expect(pushedOff([9, 8, 7, 6], [11, 10, 9, 8], key)).toEqual([7, 6]);
});

test("rows that left from between are not kept", () => {
  expect(pushedOff([9, 8, 7, 6], [10, 9, 7, 6], key)).toEqual([]);
});

test("a page that has nothing in common with the one before keeps nothing", () => {
  expect(pushedOff([9, 8], [3, 2], key)).toEqual([]);
  expect(pushedOff([], [3, 2], key)).toEqual([]);
});
