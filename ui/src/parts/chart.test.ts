import { expect, test } from "vitest";

import { durationText } from "@/words/duration";
import { valueText } from "@/words/numbers";

import { markTexts } from "./chart";

test("marks that differ are said as they are everywhere", () => {
  expect(markTexts([0.5, 1, null], durationText)).toEqual(["500 ms", "1.0 s", ""]);
});

test("marks that would read the same get the digits that tell them apart", () => {
  expect(markTexts([2.85, 2.9, 2.95], durationText)).toEqual(["2.85 s", "2.90 s", "2.95 s"]);
});

test("marks of plain numbers keep no unit", () => {
  expect(markTexts([1, 2, 3], valueText)).toEqual(["1", "2", "3"]);
});
