/** Names that many screens use, over the types that are generated from the API's description. */

import type { RunSummary } from "@/api/schema";

export type { Grid, GridRow, Filters, RunSummary } from "@/api/schema";

export type RunStatus = RunSummary["status"];

/** In the order in which they are offered. */
export const RUN_STATUSES: readonly RunStatus[] = [
  "running",
  "waiting",
  "queued",
  "failed",
  "interrupted",
  "cancelled",
  "succeeded",
];
