/** Alerts in words. */

import type { AlertRow } from "@/api/schema";

/** Give the state whose look an alert of a kind has. */
export function lookOfKind(kind: string): string {
  if (kind === "recovery") return "succeeded";
  if (kind === "failure" || kind === "rollback") return "failed";
  return "late";
}

/** Say where it arrived, where it is still tried, and where it was given up. */
export function deliveryText({ delivered, waiting, given_up }: Pick<AlertRow, "delivered" | "waiting" | "given_up">): string {
  const parts: string[] = [];
  if (delivered.length > 0) parts.push(delivered.join(", "));
  if (waiting.length > 0) parts.push(`still trying ${waiting.join(", ")}`);
  if (given_up.length > 0) parts.push(`given up on ${given_up.join(", ")}`);
  return parts.join("; ") || "kept here only";
}
