/** A value in a line. */

import type { Shown } from "@/screens/artifacts/shapes";
import { countText } from "@/words/numbers";

const MOST = 120;

/** Say what a value is, in a line: its shape, its first words, its fields. */
export function gist(value: Shown): string {
  const shape = value.shape ? value.shape.map(countText).join(" × ") : "";
  if (value.kind === "table") {
    const names = (value.schema ?? []).map(([name]) => name);
    return cut([shape, names.join(", ")].filter(Boolean).join(" "));
  }
  if (value.kind === "histogram") return [shape, value.dtype].filter(Boolean).join(" ");
  if (value.kind === "image") return shape || "picture";
  if (value.kind === "html") return "report";
  if (value.preview === undefined || value.preview === null) return shape || "";
  return cut(typeof value.preview === "string" ? value.preview : JSON.stringify(value.preview));
}

function cut(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > MOST ? `${line.slice(0, MOST - 1)}…` : line;
}
