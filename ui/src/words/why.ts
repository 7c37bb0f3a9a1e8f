/** Why a run did not succeed, in one line. */

import type { RunSummary } from "@/api/shapes";

/** `train/4: KeyError: 'amount'`; empty for a run that did not fail. */
export function whyText(run: Pick<RunSummary, "path" | "status" | "raised" | "failed_key" | "message" | "cause">): string {
  if (run.status === "interrupted") return `its driver is gone; headwater resume ${run.path} goes on with it`;
  const { raised } = run;
  if (raised?.type) return [raised.task, nameOf(raised.type), raised.message].filter(Boolean).join(": ");
  const step = /^\w+/.exec(run.failed_key ?? "")?.[0];
  const said = run.message || (run.cause ?? "").replaceAll("_", " ");
  return step ? `${step}: ${said}` : said;
}

/** `ValueError` of `builtins.ValueError`. */
function nameOf(type: string): string {
  return type.slice(type.lastIndexOf(".") + 1);
}
