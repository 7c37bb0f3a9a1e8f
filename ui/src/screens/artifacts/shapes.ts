/** Artifacts as the screens tell of them. */

export type { ArtifactSummary, ServiceUse, Shown, Use, ValueView } from "@/api/schema";

/** The class's own name: `DataFrame` of `pandas.core.frame.DataFrame`. */
export function shortType(type: string): string {
  return type.slice(type.lastIndexOf(".") + 1);
}
