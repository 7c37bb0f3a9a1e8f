/** How far a rollout has come along its plan. */

import type { RolloutMark, RolloutView } from "@/api/schema";

/** The state whose look each state of a rollout has. */
export const LOOKS: Readonly<Record<string, string>> = {
  shadow: "judging",
  share: "judging",
  held: "held",
  promoted: "succeeded",
  rolled_back: "failed",
  ended: "stopped",
};

export interface PlanStep {
  readonly id: string;
  /** `shadow`, `10 %`, `all`. */
  readonly name: string;
  readonly state: "passed" | "now" | "held" | "to come" | "not reached" | "went back";
}

type Planned = Pick<RolloutView, "plan" | "is_over"> & { readonly mark: Pick<RolloutMark, "state" | "share"> };

/** Give the steps of a plan, from the shadow to all requests, and where the rollout is among them; `steps` are its past. */
export function ladderOf({ plan, mark, is_over, steps }: Planned & Pick<RolloutView, "steps">): PlanStep[] {
  const shares = plan.steps ?? [];
  const names = [...((plan.shadow_seconds ?? 0) > 0 ? ["shadow"] : []), ...shares.map((share) => `${Number(share.toPrecision(3))} %`), "all"];
  // An end has no share of its own: what it had reached is told by the state before it.
  const before = is_over ? (steps.at(-2) ?? steps[0]) : undefined;
  const words = before?.words ?? "";
  const reached = mark.state === "promoted" ? names.length - 1 : placeOf(names, is_over ? words : mark.share > 0 ? `${mark.share * 100} %` : "shadow");
  return names.map((name, index): PlanStep => {
    if (index < reached) return { id: name, name, state: "passed" };
    if (index > reached) return { id: name, name, state: is_over ? "not reached" : "to come" };
    return { id: name, name, state: mark.state === "promoted" ? "passed" : is_over ? "went back" : mark.state === "held" ? "held" : "now" };
  });
}

function placeOf(names: readonly string[], words: string): number {
  const percent = /(\d+(?:\.\d+)?) ?%/.exec(words)?.[1];
  return Math.max(0, names.indexOf(percent === undefined ? "shadow" : `${Number(Number(percent).toPrecision(3))} %`));
}

/** Give the requests to the candidate that the present share takes, and those that were counted; zeros where nothing says so. */
export function stepOf({ mark, needed, judgement }: Pick<RolloutView, "mark" | "needed" | "judgement">): { counted: number; needed: number } {
  const wanted = needed.find(({ share }) => Math.abs(share / 100 - mark.share) < 1e-9)?.candidate ?? 0;
  const counted = judgement?.signals?.find(({ name }) => name === "failures")?.counts.candidate ?? 0;
  return { counted, needed: mark.share > 0 ? wanted : 0 };
}
