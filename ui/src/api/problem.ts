/** Errors of any kind as problems that can be shown. */

import { type Problem, RequestFailed } from "@/api/client";

export function problemOfError(error: unknown): Problem {
  if (error instanceof RequestFailed) return error.problem;
  return { title: "The page failed", status: 0, detail: error instanceof Error ? error.message : String(error) };
}
