/** What changed anywhere: follows the store's stream and asks anew for the answers that it concerns. */

import { useEffect, useState } from "react";

import { answers } from "@/api/cache";
import { apiUrl } from "@/api/client";
import type { StreamEvent } from "@/api/event_reader";
import type { StreamState } from "@/api/stream";
import { useStream } from "@/api/use_stream";

/** Follow the store's stream; the shell does, once. Gives how the connection is. */
export function useLiveStore(): StreamState {
  const [wasBroken, setBroken] = useState(false);
  const state = useStream(apiUrl("/stream"), (events) => answers.invalidate(concernedBy(events)));
  useEffect(() => {
    if (state === "broken") setBroken(true);
    if (state === "live" && wasBroken) {
      setBroken(false);
      answers.invalidate(() => true);
    }
  }, [state, wasBroken]);
  return state;
}

/** Give which addresses are no longer true after some events. */
export function concernedBy(events: readonly StreamEvent[]): (url: string) => boolean {
  const names = new Set(events.map((event) => event.name));
  const runs = new Set<string>();
  for (const event of events) if (event.name === "run") runs.add(pathIn(event.data));
  return (url) => {
    const path = url.replace(/^\/api\/v1/, "").replace(/\?.*/, "");
    if (names.has("record") || names.has("event") || names.has("published")) {
      if (!path.startsWith("/runs/")) return true;
    }
    if (runs.size === 0) return false;
    const run = /^\/runs\/([^/]+)\/([^/]+)/.exec(path);
    if (!run) return !path.startsWith("/me");
    // A run's own pages follow the run's own stream, but for what a list shows of it.
    return runs.has(`${decodeURIComponent(run[1] ?? "")}/${run[2]}`);
  };
}

function pathIn(data: string): string {
  try {
    const body = JSON.parse(data) as { path?: string; flow?: string; label?: number };
    return body.path ?? `${body.flow}/${body.label}`;
  } catch {
    return "";
  }
}
