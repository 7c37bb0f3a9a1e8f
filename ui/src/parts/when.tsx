/** Points and lengths of time that keep themselves true while they are shown. */

import { useRef, useSyncExternalStore } from "react";

import { durationText } from "@/words/duration";
import { exactTime, relativeTime } from "@/words/time";

/** A point in time, told relative to now; the exact time on hover. `at` in Unix seconds. */
export function When({ at, className = "" }: { at: number; className?: string }) {
  const now = useNow();
  return (
    <time className={className} dateTime={new Date(at * 1000).toISOString()} title={exactTime(at)}>
      {relativeTime(at, now)}
    </time>
  );
}

/** How long something took, or has taken until now when it has no end. */
export function Duration({ from, to }: { from: number; to?: number | null | undefined }) {
  return to === undefined || to === null ? <Running from={from} /> : <span className="number">{durationText(to - from)}</span>;
}

function Running({ from }: { from: number }) {
  const seconds = Math.max(0, useNow() - from);
  return <span className="number">{seconds < 1 ? "0 s" : durationText(seconds < 60 ? Math.floor(seconds) : seconds)}</span>;
}

/** The time now in Unix seconds, moving once a second while it is asked to; one timer serves the page. */
export function useNow(isMoving = true): number {
  const start = useRef(now);
  return useSyncExternalStore(isMoving ? subscribe : still, () => (isMoving ? now : start.current));
}

/** The beginning of the minute that it is now, in Unix seconds. */
export function useMinute(): number {
  return useSyncExternalStore(subscribe, () => Math.floor(now / 60) * 60);
}

const still = () => () => undefined;

let now = Math.floor(Date.now() / 1000);
let timer: ReturnType<typeof setInterval> | undefined;
const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  if (listeners.size === 0) {
    now = Math.floor(Date.now() / 1000);
    timer = setInterval(() => {
      if (document.hidden) return;
      now = Math.floor(Date.now() / 1000);
      for (const each of listeners) each();
    }, 1000);
  }
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) clearInterval(timer);
  };
}
