import { expect, test } from "vitest";

import { HIGHEST, scrollFor, windowOf } from "@/parts/window_rows";

test("only rows in sight are drawn, with some to spare", () => {
  expect(windowOf(3600, 360, 36, 10_000, 5)).toEqual({ start: 95, end: 115, top: 3420, height: 360_000 });
});

test("a short list is drawn whole", () => {
  expect(windowOf(0, 900, 36, 3)).toEqual({ start: 0, end: 3, top: 0, height: 108 });
});

test("a log of millions of lines fits into the highest element there is, its end included", () => {
  const count = 5_000_000;
  const { height } = windowOf(0, 700, 19, count);
  expect(height).toBe(HIGHEST);
  const last = windowOf(HIGHEST - 700, 700, 19, count, 0);
  expect(last.end).toBe(count);
  const first = windowOf(0, 700, 19, count, 0);
  expect(first.start).toBe(0);

  // The drawn rows are where the reader looks.
  for (const scroll of [0, 1234, HIGHEST / 2, HIGHEST - 700]) {
    const range = windowOf(scroll, 700, 19, count, 0);
    expect(range.top).toBeLessThanOrEqual(scroll);
    expect(range.top + (range.end - range.start) * 19).toBeGreaterThanOrEqual(scroll + 700 - 0.01);
  }
});

test("scrolling to a row brings it into sight, and not where it is already", () => {
  for (const [row, count] of [
    [50, 100],
    [0, 100],
    [99, 100],
    [4_999_999, 5_000_000],
  ] as const) {
    const to = scrollFor(row, 10, 700, 19, count) ?? 10;
    const range = windowOf(to, 700, 19, count, 0);
    expect(range.start).toBeLessThanOrEqual(row);
    expect(range.end).toBeGreaterThan(row);
    expect(scrollFor(row, to, 700.5, 19, count)).toBeNull();
  }
});
