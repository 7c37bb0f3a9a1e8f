/** How a step stands, from how many of its tasks are where. */

import type { Counts, StepView } from "./shapes";

/** States in the order in which a bar shows them. */
const ORDER = ["succeeded", "reused", "caught", "failed", "cancelled", "lost", "retrying", "running"] as const;

export interface Standing {
  /** One word for the step: the worst that needs eyes, else what goes on. */
  readonly status: string;
  /** Tasks that exist. */
  readonly known: number;
  /** Tasks that there will be at least; more than `known` while a foreach still opens. */
  readonly expected: number;
  /** (status, tasks), in the order of the bar. */
  readonly shares: readonly (readonly [string, number])[];
}

/** Work out how a step stands. `opened` = children that the foreachs around it have opened, if that is known. */
export function standingOf(step: StepView, opened: number | null): Standing {
  const counts = withReused(step);
  const known = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const shares = ORDER.flatMap((status) => (counts[status] ? [[status, counts[status]] as const] : []));
  return { status: wordFor(step, counts, known), known, expected: Math.max(known, opened ?? 0), shares };
}

/** How many tasks a step inside of a foreach will have, as far as the foreach has opened; null outside of all. */
export function openedFor(step: StepView, steps: readonly StepView[]): number | null {
  const inner = step.level?.at(-1);
  if (inner === undefined) return null;
  return steps.find(({ name }) => name === inner)?.width ?? null;
}

function withReused(step: StepView): Counts {
  const counts: Record<string, number> = { ...step.counts };
  const reused = step.reused ?? 0;
  if (reused > 0) {
    counts["reused"] = reused;
    counts["succeeded"] = Math.max(0, (counts["succeeded"] ?? 0) - reused);
  }
  return counts;
}

function wordFor(step: StepView, counts: Counts, known: number): string {
  if (step.waits_at_gate) return "waiting";
  if (known === 0) return "pending";
  for (const status of ["failed", "running", "retrying", "lost", "cancelled"]) if (counts[status]) return status;
  if (counts["reused"] === known) return "reused";
  return counts["caught"] ? "caught" : "succeeded";
}

/** What a step is, in a word. */
export function kindOf(step: StepView): string {
  if (step.waits_at_gate) return "approval";
  if (step.kind === "foreach") return "foreach";
  if (step.kind === "parallel") return "gang";
  if (step.kind === "switch") return "switch";
  return step.is_join ? "join" : "";
}
