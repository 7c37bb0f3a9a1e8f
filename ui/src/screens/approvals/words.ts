/** Approvals in words. */

import { apiUrl } from "@/api/client";
import type { ApprovalRow } from "@/api/schema";

export type Answer = "approve" | "reject";

type Asked = Pick<ApprovalRow, "kind" | "target" | "run" | "step" | "number">;

/** Give the address that takes an answer. */
export function answerUrl({ kind, target, run, step }: Asked, answer: Answer): string {
  if (kind === "move" || run === null) return apiUrl(`/deployments/${encodeURIComponent(target)}/${answer}`);
  const cut = run.lastIndexOf("/");
  const parts = [run.slice(0, cut), run.slice(cut + 1)].map(encodeURIComponent);
  return apiUrl(`/runs/${parts.join("/")}/gates/${encodeURIComponent(step ?? "")}/${answer}`);
}

/** Say what an answer changes. */
export function whatItMeans({ kind, target, run, step, number }: Asked, answer: Answer): string {
  if (kind === "step") {
    return answer === "approve"
      ? `All tasks of ${run} that wait at ${step} go on. What it did so far stays as it is.`
      : `All tasks of ${run} that wait at ${step} fail, and the run ends as failed.`;
  }
  return answer === "approve"
    ? `${target} names version ${number ?? "–"} at once: its schedules and triggers start runs of it.`
    : `Version ${number ?? "–"} is not put to work; ${target} stays as it is.`;
}

/** `a deployer`; what another name of a role comes to here is added. */
export function roleText({ role, needs }: Pick<ApprovalRow, "role" | "needs">): string {
  const article = /^[aeiou]/.test(role) ? "an" : "a";
  return role === needs ? `${article} ${role}` : `${article} ${role} (here: ${needs})`;
}
