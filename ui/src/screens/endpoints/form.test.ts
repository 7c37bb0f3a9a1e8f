import { expect, test } from "vitest";

import { fieldMeant, fieldsOf, fits, nameOf, refusalText, requestOf, textsOf } from "./form";

const TAKES = {
  type: "object",
  properties: {
    age: { type: "integer", minimum: 18 },
    plan: { enum: ["basic", "plus"], default: "basic" },
    note: { anyOf: [{ type: "string" }, { type: "null" }], default: null },
    title: { type: "string" },
    is_new: { type: "boolean", default: false },
    home: { $ref: "#/components/schemas/Home" },
    tags: { type: "array", items: { type: "string" } },
  },
  required: ["age", "title", "home", "tags"],
};
const HOME = { type: "object", properties: { rooms: { type: "integer" }, area: { type: "number" } }, required: ["rooms"] };
const FIELDS = fieldsOf({ takes: TAKES, definitions: { Home: HOME } })!;
const BODY = { age: 30, title: "Ms", home: { rooms: 2 }, tags: ["a"], plan: "plus", note: null, is_new: true };

test("a schema becomes fields, rows within it too", () => {
  expect(FIELDS.map((field) => [nameOf(field), field.kind, field.isNeeded])).toEqual([
    ["age", "integer", true],
    ["plan", "choice", false],
    ["note", "text", false],
    ["title", "text", true],
    ["is_new", "boolean", false],
    ["home.rooms", "integer", true],
    ["home.area", "number", false],
    ["tags", "json", true],
  ]);
  expect(FIELDS[0]?.hint).toBe("a whole number, at least 18");
});

test("what is no row of named fields has no form", () => {
  expect(fieldsOf({ takes: { type: "array" }, definitions: {} })).toBeNull();
  expect(fieldsOf({ takes: {}, definitions: {} })).toBeNull();
});

test("a request goes through the form and comes back", () => {
  expect(requestOf(FIELDS, textsOf(FIELDS, BODY))).toEqual({
    body: { age: 30, title: "Ms", home: { rooms: 2 }, tags: ["a"], plan: "plus", is_new: true },
    wrong: {},
  });
  expect(fits(FIELDS, BODY)).toBe(true);
});

test("a request with other fields or types does not fit the form", () => {
  expect(fits(FIELDS, { ...BODY, more: 1 })).toBe(false);
  expect(fits(FIELDS, { ...BODY, note: 5 })).toBe(false);
  expect(fits(FIELDS, "text")).toBe(false);
});

test("every field that is wrong says so", () => {
  const texts = { ...textsOf(FIELDS, BODY), age: "1.5", "home.rooms": "", tags: "[", "home.area": "wide" };

  expect(requestOf(FIELDS, texts).wrong).toEqual({
    age: "takes a whole number, not 1.5",
    "home.rooms": "is needed",
    tags: "takes JSON",
    "home.area": "takes a number, not wide",
  });
});

test("no text is nothing, but where a text is needed it is one", () => {
  const { body } = requestOf(FIELDS, { ...textsOf(FIELDS, BODY), title: "", plan: "", is_new: "" });

  expect(body).toEqual({ age: 30, title: "", home: { rooms: 2 }, tags: ["a"] });
});

test("a field that may be null and must be there is null without a text", () => {
  const fields = fieldsOf({ takes: { type: "object", properties: { x: { anyOf: [{ type: "number" }, { type: "null" }] } }, required: ["x"] }, definitions: {} })!;

  expect(requestOf(fields, { x: "" })).toEqual({ body: { x: null }, wrong: {} });
});

test.each([
  ["Expected `int`, got `str` - at `$.age`", "age"],
  ["Expected `int >= 1` - at `$.home.rooms`", "home.rooms"],
  ["Object missing required field `title`", "title"],
  ["Object missing required field `rooms` - at `$.home`", "home.rooms"],
  ["Expected `str`, got `int` - at `$.tags[...]`", "tags"],
  ["Object contains unknown field `aeg`", null],
  ["no wine has less than no alcohol", null],
])("%s means the field %s", (detail, name) => {
  expect(fieldMeant(FIELDS, detail)).toBe(name);
});

test("a refusal at its field does not repeat where", () => {
  expect(refusalText("Expected `int >= 1` - at `$.rooms`")).toBe("Expected int >= 1");
});
