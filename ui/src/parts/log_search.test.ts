import { expect, test } from "vitest";

import { parseAnsi } from "@/parts/ansi";
import { markFound } from "@/parts/log_search";

test("a text in lower case marks both cases, one with capitals only its own", () => {
  const marked = (wanted: string) =>
    markFound([{ text: "Error: an error", className: "" }], wanted).filter(({ className }) => className === "found");

  expect(marked("error").map(({ text }) => text)).toEqual(["Error", "error"]);
  expect(marked("Error").map(({ text }) => text)).toEqual(["Error"]);
  expect(marked("")).toEqual([]);
});

test("a text is found across colours", () => {
  const marked = markFound(parseAnsi("er\u001b[31mror\u001b[0m"), "error");

  expect(marked).toEqual([
    { text: "er", className: "found" },
    { text: "ror", className: "ansi-1 found" },
  ]);
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
