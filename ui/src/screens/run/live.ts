/** What the stream of a run tells, read from its messages. */

import type { StreamEvent } from "@/api/event_reader";
import type { RunSummary } from "@/api/shapes";

import type { TaskSummary } from "./shapes";

/** What changed since the message before: tasks as they stand now, and the run when its row changed. */
export interface RunChanges {
  readonly tasks: readonly TaskSummary[];
  readonly run: RunSummary | null;
}

/** Put what came together into one change, the latest word on each task; null when there is nothing. */
export function readChanges(events: readonly StreamEvent[]): RunChanges | null {
  const tasks = new Map<number, TaskSummary>();
  let run: RunSummary | null = null;
  for (const { name, data } of events) {
    if (name !== "changes") continue;
    const told = parsed(data);
    for (const task of told?.tasks ?? []) tasks.set(task.label, task);
    run = told?.run ?? run;
  }
  return tasks.size > 0 || run ? { tasks: [...tasks.values()], run } : null;
}

function parsed(data: string): Partial<RunChanges> | null {
  try {
    return JSON.parse(data) as Partial<RunChanges>;
  } catch {
    return null;
  }
}
