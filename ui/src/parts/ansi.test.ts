import { expect, test } from "vitest";

import { parseAnsi, plainText } from "@/parts/ansi";

test("colours become classes and end where they end", () => {
  expect(parseAnsi("a\u001b[1;31mred\u001b[0m b")).toEqual([
    { text: "a", className: "" },
    { text: "red", className: "ansi-1 ansi-bold" },
    { text: " b", className: "" },
  ]);
});

test("256 and all colours come as the nearest of sixteen", () => {
  expect(parseAnsi("\u001b[38;5;9mx")[0]?.className).toBe("ansi-9");
  expect(parseAnsi("\u001b[38;2;250;10;10mx\u001b[39my").map(({ className }) => className)).toEqual(["ansi-9", ""]);
  expect(parseAnsi("\u001b[48;5;46mx")[0]?.className).toBe("ansi-back-10");
});

test("moves of the cursor, titles and other controls leave no trace", () => {
  expect(plainText("a\u001b[2Kb\u001b]0;title\u0007c\u001b(Bd\u0007e\u001b[?25lf")).toBe("abcdef");
});

test("a bar that writes over itself shows its last state", () => {
  expect(plainText("10%\r50%\r100%")).toBe("100%");
  expect(plainText("done\r")).toBe("done");
});

test("no text can become anything but text", () => {
  const hostile = "<img src=x onerror=alert(1)>\u001b[31m</span>\u001b[";

  expect(plainText(hostile)).toBe("<img src=x onerror=alert(1)></span>");
});
