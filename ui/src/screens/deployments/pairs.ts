/** What the pairs of runs of two aliases come to. */

import type { ComparedPair } from "@/api/schema";

export interface PairTotals {
  readonly pairs: number;
  readonly bothSucceeded: number;
  /** Artifacts over all pairs. */
  readonly equal: number;
  readonly different: number;
  /** How many times as long the second takes, the middle of all pairs; null when no pair has both times. */
  readonly times: number | null;
}

export function totalsOf(pairs: readonly Pick<ComparedPair, "status" | "seconds" | "equal_artifacts" | "different_artifacts">[]): PairTotals {
  const ratios: number[] = [];
  for (const { seconds: [one, two] } of pairs) if (one && two !== null) ratios.push(two / one);
  ratios.sort((one, two) => one - two);
  return {
    pairs: pairs.length,
    bothSucceeded: pairs.filter(({ status }) => status.every((each) => each === "succeeded")).length,
    equal: pairs.reduce((sum, pair) => sum + pair.equal_artifacts, 0),
    different: pairs.reduce((sum, pair) => sum + pair.different_artifacts.length, 0),
    times: ratios[Math.floor(ratios.length / 2)] ?? null,
  };
}

/** `+12 %`; empty when they cannot be compared or are the same. */
export function changeOf(one: unknown, two: unknown): string {
  if (typeof one !== "number" || typeof two !== "number" || one === two || one === 0) return "";
  const percent = ((two - one) / Math.abs(one)) * 100;
  if (!Number.isFinite(percent)) return "";
  const size = Math.abs(percent);
  return `${percent > 0 ? "+" : "−"}${size < 10 ? size.toFixed(1) : Math.round(size)} %`;
}
