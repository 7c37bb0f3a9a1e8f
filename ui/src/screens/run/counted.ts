/** Moves tasks from one count to another as the stream tells of them, between two answers of the API. */

import type { GraphView, TaskSummary } from "./shapes";

type Changed = Pick<TaskSummary, "step" | "label" | "status" | "started_at">;

/**
 * Give a graph with its counts brought up to date. `statuses` remembers under which state each task was counted that the
 * stream told of; a task that it does not know counts as running before, since every task was.
 */
export function counted(graph: GraphView, tasks: readonly Changed[], statuses: Map<string, string>): GraphView {
  const changes = new Map<string, Record<string, number>>();
  const started = new Map<string, number>();
  for (const { step, label, status, started_at } of tasks) {
    const id = `${step}/${label}`;
    const before = statuses.get(id) ?? (status === "running" ? null : "running");
    if (before === status) continue;
    statuses.set(id, status);
    const change = changes.get(step) ?? {};
    if (before) change[before] = (change[before] ?? 0) - 1;
    change[status] = (change[status] ?? 0) + 1;
    changes.set(step, change);
    started.set(step, Math.min(started.get(step) ?? Infinity, started_at));
  }
  if (changes.size === 0) return graph;
  const steps = graph.steps.map((step) => {
    const change = changes.get(step.name);
    if (!change) return step;
    return {
      ...step,
      counts: added(step.counts ?? {}, change),
      first_started_at: step.first_started_at ?? started.get(step.name) ?? null,
    };
  });
  return { ...graph, steps };
}

function added(
  counts: Readonly<Record<string, number>>,
  change: Readonly<Record<string, number>>,
): Record<string, number> {
  const next: Record<string, number> = { ...counts };
  for (const [status, by] of Object.entries(change)) {
    const count = Math.max(0, (next[status] ?? 0) + by);
    if (count > 0) next[status] = count;
    else delete next[status];
  }
  return next;
}
