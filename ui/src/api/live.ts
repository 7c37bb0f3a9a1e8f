/** What changed anywhere: follows the store's stream and asks anew for the answers that it concerns. */

import { useEffect } from "react";

import { answers } from "@/api/cache";
import { apiUrl } from "@/api/client";
import type { StreamEvent } from "@/api/event_reader";
import type { Change } from "@/api/schema";
import type { StreamState } from "@/api/stream";
import { useStream } from "@/api/use_stream";

/** That a run's driver died, or that a slot passed, is no write: lists are asked again every so often, in milliseconds. */
const LOOK_MS = 20_000;

/** Follow the store's stream; the shell does, once. Gives how the connection is. */
export function useLiveStore(): StreamState {
  const state = useStream(apiUrl("/stream"), (events) => {
    const changes = events.flatMap(changesIn);
    if (changes.length > 0) answers.invalidate(concernedBy(changes));
  });
  useEffect(() => {
    // Between the first answers and the stream's beginning something may have happened.
    if (state === "live") answers.invalidate((url) => url !== apiUrl("/me"));
  }, [state]);
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) answers.invalidate((url) => /^\/api\/v1\/(home|runs(\?|$)|services|schedules)/.test(url));
    }, LOOK_MS);
    return () => clearInterval(timer);
  }, []);
  return state;
}

const OF_RUNS = /^\/(home|flows|runs|runs\/grid|deployments(\/.*)?|approvals|firings)$/;
const OF_PUBLISHED = /^\/(home|events|alerts)(\/|$)/;
const OF_FIRINGS = /^\/(home|firings|schedules|deployments|backfills)(\/|$)/;

/** Give which addresses are no longer true after some changes. A run's own parts follow the run's own stream. */
export function concernedBy(changes: readonly Change[]): (url: string) => boolean {
  const kinds = new Set(changes.map(({ kind }) => kind));
  const runs = new Set(changes.filter(({ kind }) => kind === "run").map(({ flow, label }) => `/runs/${flow}/${label}`));
  const isNewRun = changes.some(({ kind, event }) => kind === "run" && (event ?? 0) <= 1);
  return (url) => {
    const path = decodedPath(url);
    if (kinds.has("run") && (OF_RUNS.test(path) || runs.has(path) || (isNewRun && path === "/runs/filters"))) return true;
    if (kinds.has("record") && !path.startsWith("/runs") && path !== "/me") return true;
    if (kinds.has("published") && OF_PUBLISHED.test(path)) return true;
    return kinds.has("firing") && OF_FIRINGS.test(path);
  };
}

function changesIn(event: StreamEvent): readonly Change[] {
  if (event.name !== "changes") return [];
  try {
    return (JSON.parse(event.data) as { changes?: Change[] }).changes ?? [];
  } catch {
    return [];
  }
}

function decodedPath(url: string): string {
  const path = url.replace(/^\/api\/v1/, "").replace(/\?.*/s, "");
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
