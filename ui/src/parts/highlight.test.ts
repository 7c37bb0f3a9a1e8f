import { expect, test } from "vitest";

import { highlightPython } from "@/parts/highlight";

test("words, names, texts, numbers, decorators and remarks are told apart", () => {
  const [tokens = []] = highlightPython(["@step"]);
  expect(tokens).toEqual([{ text: "@step", kind: "decorator" }]);
  const [line = []] = highlightPython(['def train(self, a=1):  # "not a text"']);

  expect(line.filter(({ kind }) => kind).map(({ text, kind }) => [text, kind])).toEqual([
    ["def", "word"],
    ["train", "name"],
    ["self", "word"],
    ["1", "number"],
    ['# "not a text"', "remark"],
  ]);
});

test("a text of several lines is one text", () => {
  const lines = highlightPython(['x = """one', "if two", 'three""" + y']);

  expect(lines[1]).toEqual([{ text: "if two", kind: "text" }]);
  expect(lines[2]?.[0]).toEqual({ text: 'three"""', kind: "text" });
});

test("no letter of the source is lost", () => {
  const source = ["f'{a!r} \\' b' # c", "a = '''x''' + \"y\"", "  été = 0x1F", "'open"];

  expect(highlightPython(source).map((tokens) => tokens.map(({ text }) => text).join(""))).toEqual(source);
});
