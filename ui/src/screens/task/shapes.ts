/** What the API answers about one task; times are Unix seconds. */

import type { TaskSummary } from "../run/shapes";
import type { ShownValue } from "./values";

export interface Frame {
  readonly file: string;
  readonly line: number;
  readonly function: string;
  /** Source line. */
  readonly text?: string;
  /** In the user's project. */
  readonly is_user?: boolean;
  readonly locals?: Readonly<Record<string, string>>;
}

export interface TaskError {
  readonly type: string;
  readonly message: string;
  /** Outermost first. */
  readonly frames?: readonly Frame[];
  readonly traceback?: string;
  readonly hint?: string;
  readonly details?: Readonly<Record<string, string>>;
}

export interface FileRead {
  readonly size_bytes: number;
  readonly modified_at?: number;
  readonly digest?: string | null;
  /** Names of the columns. */
  readonly head?: string;
}

export interface Usage {
  readonly started_at?: number;
  readonly ended_at?: number;
  readonly host?: string;
  readonly pid?: number;
  readonly user_cpu?: number;
  readonly system_cpu?: number;
  readonly peak_memory_bytes?: number;
  readonly queue?: number;
  readonly environment?: number;
  readonly importing?: number;
  readonly input_load?: number;
  readonly compute?: number;
  readonly save?: number;
  readonly started_by?: string;
  readonly spawn_reason?: string;
  readonly files?: Readonly<Record<string, FileRead>>;
}

export interface AttemptView {
  /** From 0. */
  readonly attempt: number;
  readonly status: string;
  readonly started_at: number;
  readonly finished_at?: number | null;
  readonly cause?: string | null;
  readonly error?: TaskError | null;
  readonly usage?: Usage;
}

export interface Neighbour {
  readonly path: string;
  readonly step: string;
  readonly label: number;
  readonly status: string;
}

export interface Neighbours {
  readonly rows: readonly Neighbour[];
  readonly has_more: boolean;
}

export interface TaskArtifact {
  readonly name: string;
  readonly value: ShownValue;
  readonly set_by: string;
  readonly is_own: boolean;
}

/** All that a task's page shows. */
export interface TaskView extends TaskSummary {
  readonly run_status: string;
  readonly project?: string;
  readonly attempts: readonly AttemptView[];
  readonly failure?: TaskError | null;
  readonly usage?: Usage;
  /** Where it really ran, when a task of another run stands in for it. */
  readonly ran_as?: string | null;
  readonly parents: Neighbours;
  readonly children: Neighbours;
  readonly artifacts: readonly TaskArtifact[];
  readonly artifact_count: number;
  readonly reads: readonly { readonly name: string; readonly digest: string }[];
  readonly files?: Readonly<Record<string, FileRead>>;
  readonly doc?: string;
  readonly file?: string;
  readonly line?: number;
  readonly commands: Readonly<Record<string, string>>;
}
