/** Values of artifacts in one line. */

import type { PreviewOf } from "@/parts/preview";
import { countText } from "@/words/numbers";

/** A value as a list shows it. */
export interface ShownValue extends PreviewOf {
  readonly digest: string;
  readonly type: string;
  readonly size: number;
  readonly is_cut?: boolean;
}

/** Tell what a value is in a few words: `1,000 × 12 DataFrame`, `0.873`, `["a", "b"]`. */
export function glimpse(value: ShownValue): string {
  const kind = value.type.slice(value.type.lastIndexOf(".") + 1);
  if (value.kind === "html") return "HTML report";
  if (value.kind === "image") return `${kind}, a picture`;
  const isText = kind === "str" || value.kind === "text";
  if (value.shape && !isText) return `${value.shape.map(countText).join(" × ")} ${value.dtype ?? ""} ${kind}`.replace("  ", " ");
  if (value.kind === "model") return kind;
  const { preview } = value;
  if (preview === null || preview === undefined) return kind === "NoneType" ? "None" : kind;
  const text = typeof preview === "string" ? preview : JSON.stringify(preview);
  return text.length > 160 ? `${text.slice(0, 159)}…` : text;
}
