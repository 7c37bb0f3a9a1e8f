import { expect, test } from "vitest";

import { isSafe, parseInline, parseMarkdown } from "@/parts/markdown";

test("blocks are told apart", () => {
  const text = "# Churn\n\nPredicts **who** leaves.\nDaily.\n\n- one\n- two\n  more\n\n1. first\n\n```\ncode *x*\n```\n\n> said\n\n---\n\n| a | b |\n|---|---|\n| 1 | 2 |";

  expect(parseMarkdown(text).map(({ kind }) => kind)).toEqual([
    "heading",
    "paragraph",
    "list",
    "list",
    "code",
    "quote",
    "rule",
    "table",
  ]);
});

test("marks of words become parts", () => {
  expect(parseInline("a **b _c_** `d*e*` [f](https://x.example)")).toEqual([
    { kind: "text", text: "a " },
    { kind: "strong", parts: [{ kind: "text", text: "b " }, { kind: "emphasis", parts: [{ kind: "text", text: "c" }] }] },
    { kind: "text", text: " " },
    { kind: "code", text: "d*e*" },
    { kind: "text", text: " " },
    { kind: "link", to: "https://x.example", parts: [{ kind: "text", text: "f" }] },
  ]);
});

test("names with underscores are left alone", () => {
  expect(parseInline("my_table_name")).toEqual([{ kind: "text", text: "my_table_name" }]);
});

test.each(["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "//evil.example", "/\\evil.example", "file:///etc"])(
  "%s is no link",
  (address) => {
    expect(isSafe(address)).toBe(false);
    expect(parseInline(`[x](${address})`).some(({ kind }) => kind === "link")).toBe(false);
  },
);

test("HTML stays text", () => {
  expect(parseInline("<img src=x onerror=alert(1)>")).toEqual([{ kind: "text", text: "<img src=x onerror=alert(1)>" }]);
});

test("any text is read to its end", () => {
  for (const text of ["**", "`", "[", "[a](", "```", "> ", "- ", "|", "# ", "*".repeat(2000), "[".repeat(500), "1. "]) {
    expect(Array.isArray(parseMarkdown(text))).toBe(true);
  }
});
