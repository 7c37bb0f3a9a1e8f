import { expect, test } from "vitest";

import { type DiffLine, diffLines, hunksOf } from "@/parts/diff";

/** What the lines say about the two texts. */
function sides(lines: readonly DiffLine[]): [string[], string[]] {
  return [
    lines.filter(({ kind }) => kind !== "new").map(({ text }) => text),
    lines.filter(({ kind }) => kind !== "gone").map(({ text }) => text),
  ];
}

test("the shortest difference is found", () => {
  const kinds = diffLines("a\nb\nc\na\nb\nb\na\n", "c\nb\na\nb\na\nc\n").filter(({ kind }) => kind !== "same");

  expect(kinds.length).toBe(5);
});

test("both texts can be read from the difference, whatever they are", () => {
  let seed = 7;
  const random = () => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return seed / 2147483648;
  };
  for (let round = 0; round < 400; round += 1) {
    const make = () => Array.from({ length: Math.floor(random() * 12) }, () => "abc"[Math.floor(random() * 3)] ?? "");
    const [before, after] = [make(), make()];
    const lines = diffLines(before.join("\n"), after.join("\n"));

    expect(sides(lines)).toEqual([before, after]);
    expect(lines.filter(({ before: number }) => number !== null).map(({ before: number }) => number)).toEqual(
      before.map((_, index) => index + 1),
    );
  }
});

test("two long texts with nothing in common are told as that", () => {
  const before = Array.from({ length: 4000 }, (_, index) => `old ${index}`).join("\n");
  const after = Array.from({ length: 4000 }, (_, index) => `new ${index}`).join("\n");

  expect(diffLines(before, after).length).toBe(8000);
});

test("unchanged lines far from a change are folded", () => {
  const text = Array.from({ length: 40 }, (_, index) => `line ${index}`);
  const [hunk, ...others] = hunksOf(diffLines(text.join("\n"), text.with(20, "changed").join("\n")));

  expect(others).toEqual([]);
  expect(hunk?.skipped).toBe(17);
  expect(hunk?.lines.length).toBe(8);
  expect(hunksOf(diffLines("a\nb", "a\nb"))).toEqual([]);
});
