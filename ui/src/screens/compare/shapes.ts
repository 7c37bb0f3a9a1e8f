/** What the API answers about several runs; values in the order of the runs, null where a run has none. */

import type { CompareView, RunSummary } from "@/api/schema";

export type { CompareView, ComparedArtifact } from "@/api/schema";

/** A name with what it is in each run. */
export type Difference = CompareView["parameters"][number];
export type ComparedRun = RunSummary;
