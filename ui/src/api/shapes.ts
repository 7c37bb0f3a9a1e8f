/** The answers of the API by the names that the screens use, from its own description. */

export interface Launch {
  readonly target: string;
  readonly deployment: string;
  readonly number: number;
  readonly trigger: { readonly kind: string; readonly source?: string };
  readonly logical_date?: number | null;
  readonly is_production?: boolean;
}

export type RunStatus = "queued" | "running" | "waiting" | "interrupted" | "succeeded" | "failed" | "cancelled";

export const RUN_STATUSES: readonly RunStatus[] = [
  "queued",
  "running",
  "waiting",
  "interrupted",
  "succeeded",
  "failed",
  "cancelled",
];

export type Metric = number | string | boolean | null;

export interface RunSummary {
  readonly path: string;
  readonly run: string;
  readonly flow: string;
  readonly label: number;
  readonly status: RunStatus;
  readonly user: string;
  readonly host: string;
  readonly started_at: number;
  readonly finished_at?: number | null;
  readonly tags?: readonly string[];
  readonly system_tags?: readonly string[];
  readonly note?: string;
  readonly origin?: string | null;
  readonly metrics?: Readonly<Record<string, Metric>>;
  readonly task_counts?: Readonly<Record<string, number>>;
  readonly cause?: string | null;
  readonly message?: string;
  readonly failed_key?: string | null;
  readonly launch?: Launch | null;
  readonly gates?: readonly string[];
  readonly project?: string;
}
