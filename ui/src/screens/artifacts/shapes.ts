/** Artifacts as the API gives them. */

import type { PreviewOf } from "@/parts/preview";

/** A value as a list shows it. */
export interface Shown extends PreviewOf {
  readonly digest: string;
  /** Full name of its class. */
  readonly type: string;
  /** Bytes of the uncompressed payload. */
  readonly size: number;
  readonly is_cut?: boolean;
}

export interface ArtifactSummary {
  /** `Churn/17/train/4/model`. */
  readonly path: string;
  readonly name: string;
  readonly run: string;
  readonly step: string;
  readonly label: number;
  readonly project: string;
  readonly at: number;
  readonly value: Shown;
}

/** A task that made or used a value. */
export interface Use {
  readonly task: string;
  readonly run: string;
  readonly step: string;
  readonly label: number;
  /** The artifact's name there. */
  readonly name: string;
  readonly status: string;
  readonly started_at: number;
  readonly finished_at?: number | null;
}

/** A version of a service that answers from a value. */
export interface ServiceUse {
  readonly service: string;
  readonly number: number;
  readonly name: string;
  readonly at: number;
  readonly run?: string | null;
}

export interface ValueView {
  readonly digest: string;
  readonly type: string;
  readonly codec: string;
  readonly size: number;
  readonly header: PreviewOf;
  readonly made_by: readonly Use[];
  readonly used_by: readonly Use[];
  readonly services: readonly ServiceUse[];
  readonly has_more: boolean;
}

/** The class's own name: `DataFrame` of `pandas.core.frame.DataFrame`. */
export function shortType(type: string): string {
  return type.slice(type.lastIndexOf(".") + 1);
}
