import { expect, test } from "vitest";

import { readValue, writeValue } from "./values";

const ONE = { name: "alpha", is_list: false };

test("a text is taken as it was typed", () => {
  expect(readValue({ ...ONE, type: "str" }, '{"a": 1}')).toBe('{"a": 1}');
});

test.each([
  ["int", "3", 3],
  ["float", "0.5", 0.5],
  ["bool", "True", true],
  ["json", "[1]", [1]],
])("a %s is read", (type, text, value) => {
  expect(readValue({ ...ONE, type }, text)).toEqual(value);
});

test.each([
  ["int", "1.5"],
  ["float", "x"],
  ["bool", "1"],
])("what is no %s is refused by name", (type, text) => {
  expect(() => readValue({ ...ONE, type }, text)).toThrow(/alpha takes/);
});

test("what was deployed reads back as it stands in the field", () => {
  expect(writeValue("x")).toBe("x");
  expect(writeValue([1, 2])).toBe("[1,2]");
  expect(writeValue(null)).toBe("");
});
