import { expect, test } from "vitest";

import { readSeen } from "@/screens/home/seen";

const DAY = 86400;

test("who never marked anything sees the last day", () => {
  expect(readSeen(null, 10 * DAY)).toBe(9 * DAY);
});

test("a mark holds for two weeks", () => {
  expect(readSeen(String(99 * DAY), 100 * DAY)).toBe(99 * DAY);
  expect(readSeen(String(10 * DAY), 100 * DAY)).toBe(86 * DAY);
});

test("a mark from the future or from nowhere does not count", () => {
  expect(readSeen(String(200 * DAY), 100 * DAY)).toBe(99 * DAY);
  expect(readSeen("x", 100 * DAY)).toBe(99 * DAY);
});
