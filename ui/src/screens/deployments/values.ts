/** Values of parameters as people type them. */

import { RequestFailed } from "@/api/client";

interface Typed {
  readonly name: string;
  readonly type: string;
  readonly is_list: boolean;
}

/** Write a value as it is typed: texts as they are, everything else as JSON. */
export function writeValue(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Read what was typed; a text may be anything, numbers and truths must be such. Throws what is wrong. */
export function readValue({ name, type, is_list }: Typed, text: string): unknown {
  if (!is_list && (type === "str" || type === "file")) return text;
  try {
    const value: unknown = JSON.parse(type === "bool" ? text.toLowerCase() : text);
    if (fits(type, is_list, value)) return value;
  } catch {
    // told below
  }
  const wanted = is_list ? "a list as JSON" : type === "bool" ? "true or false" : type === "json" ? "JSON" : "a number";
  throw new RequestFailed({ title: `${name} does not fit`, status: 422, detail: `${name} takes ${wanted}, not ${text || "nothing"}` });
}

function fits(type: string, isList: boolean, value: unknown): boolean {
  if (isList) return Array.isArray(value);
  if (type === "int") return Number.isInteger(value);
  if (type === "float") return typeof value === "number";
  return type !== "bool" || typeof value === "boolean";
}
