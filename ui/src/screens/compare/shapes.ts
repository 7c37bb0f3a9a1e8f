/** What the API answers about several runs; values in the order of the runs, null where a run has none. */

import type { RunSummary } from "@/api/shapes";

import type { ShownValue } from "../task/values";

export interface Difference {
  readonly name: string;
  readonly values: readonly unknown[];
}

export interface ComparedArtifact {
  /** `train.model`. */
  readonly name: string;
  readonly digests: readonly (string | null)[];
  readonly values: readonly (ShownValue | null)[];
}

export interface ComparedRun extends RunSummary {
  /** Values cut to size. */
  readonly parameters?: Readonly<Record<string, unknown>>;
}

export interface CompareView {
  readonly runs: readonly ComparedRun[];
  readonly parameters: readonly Difference[];
  readonly metrics: readonly Difference[];
  readonly artifacts: readonly ComparedArtifact[];
  readonly files: readonly Difference[];
  readonly code: readonly Difference[];
  readonly environment: readonly Difference[];
  /** Steps: seconds of their tasks in all. */
  readonly timing: readonly Difference[];
  readonly counts: Readonly<Record<string, number>>;
  readonly is_cut: boolean;
}
