import { describe, expect, it } from "vitest";

import { causeText } from "./causes";
import { groupsOf, libraryOf, relativeTo, whereOf } from "./frames";
import { LogFile, type LogPage, type LogRow, MOST_LINES } from "./logs/log_file";
import { heightsOf, lineAt, rowsOf } from "./logs/wrapping";
import { glimpse } from "./values";

const row = (offset: number, more: Partial<LogRow> = {}): LogRow => ({
  offset,
  at: 1,
  stream: "stdout",
  text: `line ${offset}`,
  is_complete: true,
  ...more,
});
const page = (rows: LogRow[], begin: number, end: number, size = end): LogPage => ({
  rows,
  attempt: 0,
  begin,
  end,
  size,
  is_over: false,
});
const many = (from: number, count: number) => Array.from({ length: count }, (_, index) => row((from + index) * 10));

describe("a window on a log", () => {
  it("grows at both ends without loss or doubles", () => {
    const file = new LogFile();
    file.open(page(many(10, 3), 100, 130));
    file.append([...many(12, 1), ...many(13, 2)], 150);
    file.prepend(many(7, 3), 70);

    expect(file.lines.map(({ offset }) => offset)).toEqual([70, 80, 90, 100, 110, 120, 130, 140]);
    expect([file.begin, file.end, file.isAtEnd, file.isAtStart]).toEqual([70, 150, true, false]);
  });

  it("keeps so many lines, and knows what it dropped", () => {
    const file = new LogFile();
    file.open(page(many(0, MOST_LINES), 0, MOST_LINES * 10));
    const dropped = file.append(many(MOST_LINES, 5), MOST_LINES * 10 + 50);

    expect([dropped, file.lines.length, file.begin]).toEqual([5, MOST_LINES, 50]);
  });

  it("drops the end when the reader goes back", () => {
    const file = new LogFile();
    file.open(page(many(100, MOST_LINES), 1000, (100 + MOST_LINES) * 10));
    file.prepend(many(90, 10), 900);

    expect([file.lines.length, file.end, file.isAtEnd]).toEqual([MOST_LINES, (90 + MOST_LINES) * 10, false]);
  });

  it("puts the pieces of a line together, each stream by itself", () => {
    const file = new LogFile();
    file.open(
      page(
        [
          row(0, { text: "50 %", is_complete: false }),
          row(10, { stream: "stderr", text: "warning" }),
          row(20, { text: " done" }),
        ],
        0,
        30,
      ),
    );

    expect(file.lines.map(({ text }) => text)).toEqual(["50 % done", "warning"]);
  });

  it("goes on with a line that came in parts", () => {
    const file = new LogFile();
    file.open(page([row(0, { text: "a", is_complete: false })], 0, 10));
    file.append([row(10, { text: "b", is_complete: false })], 20);
    file.append([row(20, { text: "c" }), row(30, { text: "d" })], 40);

    expect(file.lines.map(({ text }) => text)).toEqual(["abc", "d"]);
  });

  it("finds the line of an offset", () => {
    const file = new LogFile();
    file.open(page(many(10, 50), 100, 600));

    expect([file.indexOf(100), file.indexOf(359), file.indexOf(599), file.indexOf(600), file.indexOf(99)]).toEqual([
      0, 25, 49, -1, -1,
    ]);
  });
});

describe("wrapping", () => {
  it.each([
    ["", 1],
    ["x".repeat(10), 1],
    ["x".repeat(11), 2],
    ["\u001b[32mxxxxxxxxxx\u001b[0m", 1],
    ["漢字漢字漢字", 2],
    ["a\tb", 1],
  ])("of %j takes %i rows in ten columns", (text, rows) => {
    expect(rowsOf(text, 10)).toBe(rows);
  });

  it("knows which line a row belongs to", () => {
    const starts = heightsOf(["x", "x".repeat(25), "x"], 10);

    expect([[...starts], [0, 1, 3, 4, 99].map((at) => lineAt(starts, at))]).toEqual([
      [0, 1, 4, 5],
      [0, 1, 1, 2, 2],
    ]);
  });
});

describe("frames", () => {
  const frame = (file: string, is_user = false) => ({ file, line: 3, function: "f", is_user });

  it("of libraries are folded together by library", () => {
    const groups = groupsOf([
      frame("/p/flow.py", true),
      frame("/v/site-packages/pandas/a.py"),
      frame("/v/site-packages/pandas/b.py"),
      frame("/v/site-packages/numpy/c.py"),
    ]);

    expect(groups.map(({ isUser, name, frames }) => [isUser, name, frames.length])).toEqual([
      [true, "", 1],
      [false, "pandas", 2],
      [false, "numpy", 1],
    ]);
  });

  it("show the last one when none is the user's", () => {
    expect(groupsOf([frame("/lib/python3.11/json/decoder.py")])[0]?.isUser).toBe(true);
  });

  it("say where the user's code was", () => {
    expect(whereOf([frame("/p/flow.py", true), frame("/v/site-packages/pandas/a.py")], "/p")).toBe(
      "flow.py, line 3, in f",
    );
  });

  it("name the library of a file", () => {
    expect(
      ["/v/lib/python3.11/site-packages/six.py", "/usr/lib/python3.11/json/decoder.py", "/x/y.py"].map(libraryOf),
    ).toEqual(["six", "json", "y"]);
  });

  it("are told below the folder of the code only when they are in it", () => {
    expect([relativeTo("/p/a/b.py", "/p/"), relativeTo("/pq/b.py", "/p"), relativeTo("/x.py", "")]).toEqual([
      "a/b.py",
      "/pq/b.py",
      "/x.py",
    ]);
  });
});

describe("how an attempt ended", () => {
  it.each([
    ["exception", "builtins.KeyError", "raised KeyError"],
    ["out_of_memory", "", "ran out of memory"],
    ["import_error", "ModuleNotFoundError", "could not import what it needs (ModuleNotFoundError)"],
    ["something_new", "", "something new"],
  ])("%s, %s: %s", (cause, error, text) => {
    expect(causeText(cause, error)).toBe(text);
  });
});

describe("a value in one line", () => {
  const of = (more: object) => glimpse({ digest: "", type: "builtins.dict", size: 1, ...more });

  it("is what suits its kind", () => {
    expect([
      of({ type: "numpy.ndarray", kind: "histogram", shape: [1000, 3], dtype: "float64" }),
      of({ type: "builtins.str", kind: "json", shape: [5], preview: "hello" }),
      of({ kind: "json", preview: { a: 1 } }),
      of({ type: "builtins.NoneType", preview: null }),
      of({ type: "builtins.str", kind: "html", preview: { size: 3 } }),
    ]).toEqual(["1,000 × 3 float64 ndarray", "hello", '{"a":1}', "None", "HTML report"]);
  });
});
