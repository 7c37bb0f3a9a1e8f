/** Until when the reader has seen what failed, kept in this browser for each store. */

import { useState } from "react";

const DAY = 86400;
/** What is older counts as seen. */
const LONGEST = 14 * DAY;

/** Give the time, in Unix seconds, after which failures are new, and how to mark them all as seen. */
export function useSeen(store: string): [number, () => void] {
  const key = `headwater.seen.${store}`;
  const [since, setSince] = useState(() => readSeen(localStorage.getItem(key), Date.now() / 1000));
  const mark = () => {
    const now = Math.floor(Date.now() / 1000);
    localStorage.setItem(key, String(now));
    setSince(now);
  };
  return [since, mark];
}

/** Read the kept time; who never marked anything sees the last day. */
export function readSeen(kept: string | null, now: number): number {
  const at = Number(kept);
  const floor = Math.floor(now);
  if (!kept || !Number.isFinite(at) || at > now) return floor - DAY;
  return Math.max(Math.floor(at), floor - LONGEST);
}
