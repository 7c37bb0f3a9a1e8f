import { expect, test } from "vitest";

import { parseAnsi } from "@/parts/ansi";
import { findLines, markFound } from "@/parts/log_search";

test("a text in lower case finds both cases, one with capitals only its own", () => {
  const lines = ["Error: no", "an error", "fine"];

  expect(findLines(lines, "error")).toEqual([0, 1]);
  expect(findLines(lines, "Error")).toEqual([0]);
  expect(findLines(lines, "")).toEqual([]);
});

test("a text is found across colours", () => {
  expect(findLines(["er\u001b[31mror\u001b[0m"], "error")).toEqual([0]);
});

test("found pieces are marked in their colours, and the text stays whole", () => {
  const spans = parseAnsi("an \u001b[31merror and\u001b[0m Error");
  const marked = markFound(spans, "error");

  expect(marked.map(({ text }) => text).join("")).toBe("an error and Error");
  expect(marked.filter(({ className }) => className.includes("found"))).toEqual([
    { text: "error", className: "ansi-1 found" },
    { text: "Error", className: "found" },
  ]);
});

test("letters that change their length in lower case stay in their places", () => {
  expect(markFound([{ text: "İstanbul x", className: "" }], "x").at(-1)).toEqual({ text: "x", className: "found" });
});

test("half a million lines are searched in a blink", () => {
  const lines = Array.from({ length: 500_000 }, (_, index) => `step ${index} loss 0.${index}`);

  expect(findLines(lines, "step 499999 ")).toEqual([499_999]);
});
