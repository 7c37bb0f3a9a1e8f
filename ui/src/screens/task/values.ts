/** Values of artifacts in one line. */

import type { Shown } from "@/api/schema";
import type { PreviewOf } from "@/parts/preview";
import { countText } from "@/words/numbers";

/** A value as a list shows it. */
export type ShownValue = Shown;

/** Give what a preview shows of it: how long a text is says little beside the text. */
export function previewOf(value: ShownValue): PreviewOf {
  const { kind, preview, shape, dtype, schema } = value as Shown & PreviewOf;
  const isPlain = kind === "json" || kind === "text" || kind === undefined;
  return {
    kind: kind ?? "text",
    preview,
    ...(isPlain ? {} : { shape: shape ?? null, dtype: dtype ?? null }),
    ...(schema ? { schema } : {}),
  };
}

/** Tell what a value is in a few words: `1,000 × 12 DataFrame`, `0.873`, `["a", "b"]`. */
export function glimpse(value: ShownValue): string {
  const kind = value.type.slice(value.type.lastIndexOf(".") + 1);
  if (value.kind === "html") return "HTML report";
  if (value.kind === "image") return `${kind}, a picture`;
  const isText = kind === "str" || value.kind === "text";
  if (value.shape && !isText)
    return `${value.shape.map(countText).join(" × ")} ${value.dtype ?? ""} ${kind}`.replace("  ", " ");
  if (value.kind === "model") return kind;
  const { preview } = value;
  if (preview === null || preview === undefined) return kind === "NoneType" ? "None" : kind;
  const text = typeof preview === "string" ? preview : JSON.stringify(preview);
  return text.length > 160 ? `${text.slice(0, 159)}…` : text;
}
