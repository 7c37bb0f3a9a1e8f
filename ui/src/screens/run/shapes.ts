/** What the API answers about one run; times are Unix seconds unless it says otherwise. */

import type { RunSummary } from "@/api/shapes";
import type { Role } from "@/api/session";

/** A parameter or constant of a run. */
export interface ParameterView {
  readonly name: string;
  /** Cut to size; `<package.Class>` for what is not plain data. */
  readonly value: unknown;
  readonly digest: string;
  readonly type: string;
  readonly size: number;
  readonly help?: string;
  /** JSON text. */
  readonly default?: string | null;
  readonly is_constant?: boolean;
}

export interface FailureView {
  readonly cause: string;
  readonly message: string;
  /** `Churn/17/train/4`. */
  readonly task?: string | null;
  readonly step?: string | null;
  readonly label?: number | null;
  readonly error?: string;
  readonly hint?: string;
}

export interface CodeFacts {
  readonly file: string;
  readonly module: string;
  readonly root: string;
  readonly tree?: string | null;
}

/** All that the head of a run's page shows. */
export interface RunView extends RunSummary {
  readonly namespace?: string | null;
  readonly values: readonly ParameterView[];
  readonly seed: number;
  readonly command: readonly string[];
  readonly code: CodeFacts;
  readonly doc?: string;
  readonly end_step?: string;
  readonly python?: string;
  readonly package_count?: number;
  readonly environments?: Readonly<Record<string, string>>;
  readonly failure?: FailureView | null;
  readonly driver?: string | null;
  readonly gate_expires_at?: number | null;
  readonly role: Role;
  readonly commands?: Readonly<Record<string, string>>;
}

export type Counts = Readonly<Record<string, number>>;

/** Where time went, in seconds; parts that took none are left out. */
export interface Seconds {
  readonly queue?: number;
  readonly environment?: number;
  readonly importing?: number;
  readonly input_load?: number;
  readonly compute?: number;
  readonly save?: number;
}

export interface Resources {
  readonly cpu?: number | null;
  readonly gpu?: number | null;
  /** MB. */
  readonly memory?: number | null;
  readonly disk?: number | null;
  readonly shared_memory?: number | null;
  readonly enforce?: boolean;
}

export interface StepView {
  readonly name: string;
  readonly kind: "linear" | "split" | "foreach" | "parallel" | "switch" | "end";
  readonly file: string;
  readonly line: number;
  readonly doc?: string;
  readonly is_join?: boolean;
  readonly attribute?: string | null;
  /** Steps whose foreach it is inside of, outermost first. */
  readonly level?: readonly string[];
  readonly closed_by?: string | null;
  /** foreach and parallel: children opened in all. */
  readonly width?: number | null;
  readonly decorators?: readonly string[];
  readonly resources?: Resources | null;
  readonly counts?: Counts;
  readonly reused?: number;
  readonly first_started_at?: number | null;
  readonly last_finished_at?: number | null;
  readonly seconds?: Seconds;
  readonly waits_at_gate?: boolean;
}

export interface EdgeView {
  readonly source: string;
  readonly target: string;
  readonly case?: string | null;
  readonly is_back?: boolean;
}

export interface GraphView {
  readonly start: string;
  readonly end: string;
  readonly doc: string;
  readonly steps: readonly StepView[];
  readonly edges: readonly EdgeView[];
}

/** Columns of equal length, one row an attempt; times in seconds since the run's start. */
export interface SpanColumns {
  readonly label: readonly number[];
  readonly step: readonly number[];
  readonly status: readonly number[];
  readonly attempt: readonly number[];
  readonly ready: readonly (number | null)[];
  readonly start: readonly number[];
  readonly end: readonly (number | null)[];
  readonly seconds: readonly (readonly number[])[];
  readonly key: readonly string[];
  readonly is_reused: readonly boolean[];
}

export interface TimelinePart {
  readonly started_at: number;
  readonly finished_at: number | null;
  readonly steps: readonly string[];
  readonly statuses: readonly string[];
  readonly spans: SpanColumns;
  readonly cursor?: number | null;
}

export interface PathLink {
  readonly path: string;
  readonly step: string;
  readonly label: number;
  readonly key: string;
  readonly status: string;
  /** Seconds since the run's start. */
  readonly start: number;
  readonly end: number;
  readonly waiting: number;
  readonly running: number;
  readonly attempts?: number;
  readonly seconds?: Seconds;
}

export interface CriticalPath {
  readonly links: readonly PathLink[];
  readonly total: number;
  readonly waiting: number;
  readonly running: number;
  readonly share_by_step: Readonly<Record<string, number>>;
  readonly is_cut: boolean;
}

export interface StepBlame {
  readonly step: string;
  readonly tasks: number;
  readonly retried: number;
  readonly failed_attempts: number;
  readonly seconds: Seconds;
  readonly total: number;
  readonly shortest?: number | null;
  readonly median?: number | null;
  readonly most?: number | null;
  readonly longest?: number | null;
  readonly longest_label?: number | null;
}

export interface Blame {
  readonly duration: number;
  readonly path: Seconds;
  readonly other: number;
  readonly tasks: Seconds;
  readonly steps: readonly StepBlame[];
  readonly is_cut: boolean;
}

export interface StepResources {
  readonly step: string;
  readonly tasks: number;
  readonly asked?: Resources | null;
  readonly median_memory_bytes?: number;
  readonly peak_memory_bytes?: number;
  readonly peak_label?: number | null;
  readonly cpu_seconds?: number;
  readonly median_cores?: number;
  readonly most_cores?: number;
  readonly memory_share?: number | null;
  readonly cpu_share?: number | null;
}

export interface TaskSummary {
  readonly path: string;
  readonly step: string;
  readonly label: number;
  readonly key: string;
  readonly status: string;
  readonly attempt: number;
  readonly started_at: number;
  readonly finished_at?: number | null;
  readonly ready_at?: number;
  readonly indices?: readonly number[];
  readonly cause?: string | null;
  readonly error?: string;
  readonly message?: string;
  readonly origin?: string | null;
  readonly peak_memory_bytes?: number;
  readonly cpu_seconds?: number;
  readonly seconds?: Seconds;
}

export interface EnvironmentView {
  readonly interpreter: Readonly<Record<string, string>>;
  readonly steps: Readonly<Record<string, Readonly<Record<string, string>>>>;
}
