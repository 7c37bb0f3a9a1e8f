/** A form out of what an endpoint takes: fields of its JSON schema, their texts, and the request that these make. */

import type { EndpointView } from "@/api/schema";

export type FieldKind = "number" | "integer" | "text" | "boolean" | "choice" | "json";

/** A field of a form. */
export interface Field {
  /** Where its value goes in the request: `customer`, `age`. */
  readonly path: readonly string[];
  readonly kind: FieldKind;
  readonly isNeeded: boolean;
  /** No text means `null`. */
  readonly mayBeNull: boolean;
  /** No text means an empty text, and not that nothing is said. */
  readonly mayBeBlank: boolean;
  /** Of a choice, as JSON. */
  readonly choices: readonly string[];
  /** Bounds, lengths and formats, for who fills it in. */
  readonly hint: string;
}

/** The texts of a form by the names of its fields. */
export type Texts = Readonly<Record<string, string>>;

type Schema = Readonly<Record<string, unknown>>;

/** How deep rows within rows are still fields; what lies deeper is JSON. */
const DEEP = 3;

/** `customer.age`. */
export function nameOf({ path }: Pick<Field, "path">): string {
  return path.join(".");
}

/** Give the fields of what an endpoint takes; null when that is no object of named fields, so that only JSON can be written. */
export function fieldsOf({ takes, definitions }: Pick<EndpointView, "takes" | "definitions">): Field[] | null {
  const schema = resolved(takes, definitions);
  if (!isRow(schema) || Object.keys(schema["properties"] as object).length === 0) return null;
  return rowFields(schema, definitions, [], true);
}

function rowFields(row: Schema, definitions: object, path: readonly string[], isNeeded: boolean): Field[] {
  const needed = new Set(row["required"] as string[] | undefined);
  return Object.entries(row["properties"] as Record<string, unknown>).flatMap(([name, value]) => {
    const here = [...path, name];
    const isHere = isNeeded && needed.has(name);
    const whole = resolved(value, definitions);
    const { schema, mayBeNull } = withoutNull(whole, definitions);
    if (isRow(schema) && !mayBeNull && here.length < DEEP) return rowFields(schema, definitions, here, isHere);
    const mayBeBlank = whole["default"] === "" || (schema["type"] === "string" && isHere && !mayBeNull);
    return [{ ...fieldOf(schema, here), isNeeded: isHere, mayBeNull, mayBeBlank }];
  });
}

function fieldOf(schema: Schema, path: readonly string[]): Pick<Field, "path" | "kind" | "choices" | "hint"> {
  const choices = Array.isArray(schema["enum"]) ? schema["enum"] : "const" in schema ? [schema["const"]] : [];
  const { type } = schema;
  const kind: FieldKind =
    choices.length > 0 ? "choice" : type === "number" || type === "integer" || type === "boolean" ? type : type === "string" ? "text" : "json";
  return { path, kind, choices: choices.map((choice) => JSON.stringify(choice)), hint: hintOf(schema, kind) };
}

/** `int | None` is a number that may be left out. */
function withoutNull(schema: Schema, definitions: object): { schema: Schema; mayBeNull: boolean } {
  const options = schema["anyOf"];
  if (!Array.isArray(options)) return { schema, mayBeNull: false };
  const others = options.map((each) => resolved(each, definitions)).filter((each) => each["type"] !== "null");
  const mayBeNull = others.length < options.length;
  return { schema: others.length === 1 && others[0] ? others[0] : {}, mayBeNull };
}

function resolved(value: unknown, definitions: object): Schema {
  let schema = (value ?? {}) as Schema;
  for (let step = 0; step < 10 && typeof schema["$ref"] === "string"; step++) {
    const name = schema["$ref"].split("/").at(-1) ?? "";
    schema = ((definitions as Record<string, unknown>)[name] ?? {}) as Schema;
  }
  return schema;
}

function isRow(schema: Schema): boolean {
  return schema["type"] === "object" && typeof schema["properties"] === "object";
}

const BOUNDS: readonly [string, string][] = [
  ["minimum", "at least"],
  ["exclusiveMinimum", "above"],
  ["maximum", "at most"],
  ["exclusiveMaximum", "below"],
  ["multipleOf", "a multiple of"],
  ["minLength", "characters at least:"],
  ["maxLength", "characters at most:"],
];

function hintOf(schema: Schema, kind: FieldKind): string {
  const parts = BOUNDS.filter(([name]) => typeof schema[name] === "number").map(([name, words]) => `${words} ${String(schema[name])}`);
  if (typeof schema["format"] === "string") parts.unshift(schema["format"]);
  else if (kind === "json") parts.unshift(typeof schema["type"] === "string" ? `JSON, an ${schema["type"]}`.replace("an string", "a string") : "JSON");
  else if (kind === "integer") parts.unshift("a whole number");
  return parts.join(", ");
}

/** Give the texts of a request's values. */
export function textsOf(fields: readonly Field[], body: unknown): Record<string, string> {
  return Object.fromEntries(fields.map((field) => [nameOf(field), writeText(field, valueAt(body, field.path))]));
}

function valueAt(body: unknown, path: readonly string[]): unknown {
  let value = body;
  for (const name of path) value = isObject(value) ? value[name] : undefined;
  return value;
}

function writeText({ kind }: Field, value: unknown): string {
  if (value === undefined || value === null) return "";
  return kind === "text" && typeof value === "string" ? value : JSON.stringify(value);
}

/** Whether a form shows all of a request; what has other fields or values is JSON only. */
export function fits(fields: readonly Field[], body: unknown): boolean {
  const read = requestOf(fields, textsOf(fields, body));
  return Object.keys(read.wrong).length === 0 && sameValues(read.body, body);
}

function sameValues(one: unknown, other: unknown): boolean {
  if (!isObject(one) || !isObject(other)) return JSON.stringify(one) === JSON.stringify(other);
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].every((name) => sameValues(one[name] ?? null, other[name] ?? null));
}

export interface Request {
  readonly body: Record<string, unknown>;
  /** What is wrong, by field. */
  readonly wrong: Readonly<Record<string, string>>;
}

/** Read the request that the texts of a form make. */
export function requestOf(fields: readonly Field[], texts: Texts): Request {
  const body: Record<string, unknown> = {};
  const wrong: Record<string, string> = {};
  for (const field of fields) {
    const name = nameOf(field);
    const text = texts[name] ?? "";
    if (text === "" && !(field.kind === "text" && field.mayBeBlank)) {
      if (field.isNeeded && !field.mayBeNull) wrong[name] = "is needed";
      else if (field.isNeeded) put(body, field.path, null);
      continue;
    }
    try {
      put(body, field.path, readText(field, text));
    } catch (error) {
      wrong[name] = error instanceof Error ? error.message : String(error);
    }
  }
  return { body, wrong };
}

function readText({ kind }: Field, text: string): unknown {
  if (kind === "text") return text;
  if (kind === "number" || kind === "integer") {
    const number = Number(text);
    if (text.trim() === "" || !Number.isFinite(number)) throw new Error(`takes a number, not ${text}`);
    if (kind === "integer" && !Number.isInteger(number)) throw new Error(`takes a whole number, not ${text}`);
    return number;
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new Error("takes JSON", { cause: error });
  }
}

function put(body: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let row = body;
  for (const name of path.slice(0, -1)) row = (row[name] ??= {}) as Record<string, unknown>;
  row[path.at(-1) ?? ""] = value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Find the field that a refusal means: "Expected `int`, got `str` - at `$.customer.age`", "Object missing required
 * field `age`". Null = it names none of them.
 */
export function fieldMeant(fields: readonly Field[], detail: string): string | null {
  const at = / - at `\$\.?([^`]*)`\s*$/.exec(detail)?.[1]?.replaceAll(/\[[^\]]*\]/g, "") ?? "";
  const lone = /field `([^`]+)`/.exec(detail)?.[1];
  const whole = [at, lone].filter(Boolean).join(".");
  const names = fields.map(nameOf);
  return names.find((name) => name === whole) ?? names.find((name) => at !== "" && (at === name || at.startsWith(`${name}.`))) ?? null;
}

/** Give what is wrong in a refusal, without where: that is said by the place it stands at. */
export function refusalText(detail: string): string {
  return detail.replace(/ - at `[^`]*`\s*$/, "").replaceAll("`", "");
}
