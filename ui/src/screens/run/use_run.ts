/** What is known of a run, kept true by its own stream. */

import { useCallback, useEffect, useRef } from "react";

import { answers } from "@/api/cache";
import { type Problem, apiUrl } from "@/api/client";
import { useQuery } from "@/api/use_query";
import { useStream } from "@/api/use_stream";
import { pathOf } from "@/router/match";

import { type RunChanges, readChanges } from "./live";
import type { RunView } from "./shapes";

/** The address of something about a run: `runUrl(flow, label, "/graph")`. */
export function runUrl(
  flow: string,
  label: string | number,
  rest = "",
  query: Parameters<typeof apiUrl>[1] = {},
): string {
  return apiUrl(pathOf("runs", flow, label) + rest, query);
}

/** Where the page of a run or task is, by its path `Churn/17/train/4`. */
export function pageOf(path: string): string {
  return pathOf("runs", ...path.split("/"));
}

/** A run that goes on, or may. */
export function isOpen(status: string): boolean {
  return status === "running" || status === "queued" || status === "waiting" || status === "interrupted";
}

/** Takes what happened since the last frame. */
type OnChanges = (changes: RunChanges) => void;
/** Be told of what happens; gives back how to stop. */
export type Listen = (listener: OnChanges) => () => void;

/** What the tabs of a run are given. */
export interface About {
  readonly run: RunView;
  readonly listen: Listen;
}

export interface Following {
  readonly run: RunView | undefined;
  readonly problem: Problem | undefined;
  readonly listen: Listen;
}

/** Follow a run: its head, and what its stream tells while it is open. */
export function useRun(flow: string, label: string): Following {
  const url = runUrl(flow, label);
  const { data: run, problem } = useQuery<RunView>(url);
  const listeners = useRef(new Set<OnChanges>());
  // Once begun it is followed to the end that it tells of itself: the run's own answer may be there before its last message.
  const isFollowed = useRef(false);
  if (run !== undefined && isOpen(run.status)) isFollowed.current = true;
  const state = useStream(isFollowed.current ? runUrl(flow, label, "/stream") : null, (events) => {
    const changes = readChanges(events);
    if (!changes) return;
    const { run: now } = changes;
    if (now) answers.patch<RunView>(url, (known) => ({ ...known, ...emptied(known), ...now }));
    // What failed it, and what may be done now, is told by its own answer.
    if (now && !isOpen(now.status)) answers.invalidate((each) => each.startsWith(url));
    for (const listener of listeners.current) listener(changes);
  });
  useEffect(() => {
    // What happened between the first answers and the stream's beginning is in neither.
    if (state === "live") answers.invalidate((each) => each.startsWith(url));
  }, [state, url]);
  const listen = useCallback((listener: OnChanges) => {
    listeners.current.add(listener);
    return () => {
      listeners.current.delete(listener);
    };
  }, []);
  return { run, problem, listen };
}

/** Fields that an answer leaves out when they are empty. */
function emptied(run: RunView): Partial<RunView> {
  return {
    ...(run.finished_at ? { finished_at: null } : {}),
    tags: [],
    gates: [],
    note: "",
    metrics: {},
    task_counts: {},
  };
}

/** Ask an address again when the run's tasks change, at most as often as the cache allows. */
export function useFresh(url: string, listen: Listen): void {
  useEffect(() => listen(() => answers.invalidate((each) => each === url)), [url, listen]);
}
