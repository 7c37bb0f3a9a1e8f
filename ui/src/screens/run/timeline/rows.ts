/** Turns tasks into the rows of a timeline: one a step, and below an open step one a task. */

import { type TaskLine, statusOf } from "./spans";

/** A step's row; when closed it stands for all of its tasks. */
export interface StepRow {
  readonly kind: "step";
  readonly step: string;
  readonly tasks: readonly TaskLine[];
  readonly isOpen: boolean;
  /** Number of tasks by status. */
  readonly counts: Readonly<Record<string, number>>;
}

export interface TaskRow {
  readonly kind: "task";
  readonly line: TaskLine;
  /** Stands below its step's row. */
  readonly isInside: boolean;
}

export type Row = StepRow | TaskRow;

export interface RowChoice {
  /** Steps that the reader opened or closed; others are open when they have few tasks. */
  readonly open: ReadonlyMap<string, boolean>;
  readonly isCriticalOnly: boolean;
  /** Part of `train/4` or of the key. */
  readonly search: string;
}

/** A step with more tasks is closed at first. */
export const OPEN_UP_TO = 40;

/** Give the rows, steps in the order in which their first tasks were made. */
export function rowsOf(tasks: readonly TaskLine[], choice: RowChoice): Row[] {
  const byStep = new Map<string, TaskLine[]>();
  for (const line of tasks) {
    if (!isWanted(line, choice)) continue;
    const group = byStep.get(line.step);
    if (group) group.push(line);
    else byStep.set(line.step, [line]);
  }
  const rows: Row[] = [];
  for (const [step, group] of byStep) {
    const only = group[0];
    if (only && group.length === 1) {
      rows.push({ kind: "task", line: only, isInside: false });
      continue;
    }
    const isOpen = choice.open.get(step) ?? group.length <= OPEN_UP_TO;
    rows.push({ kind: "step", step, tasks: group, isOpen, counts: countByStatus(group) });
    if (isOpen) for (const line of group) rows.push({ kind: "task", line, isInside: true });
  }
  return rows;
}

/** Count tasks by status. */
function countByStatus(tasks: readonly TaskLine[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const line of tasks) {
    const status = statusOf(line);
    counts[status] = (counts[status] ?? 0) + 1;
  }
  return counts;
}

function isWanted(line: TaskLine, { isCriticalOnly, search }: RowChoice): boolean {
  if (isCriticalOnly && !line.isCritical) return false;
  if (!search) return true;
  const wanted = search.toLowerCase();
  return `${line.step}/${line.label}`.toLowerCase().includes(wanted) || line.key.toLowerCase().includes(wanted);
}
