/** Looking for a text in a whole log: the server looks through it a stretch at a time. */

import { useEffect, useState } from "react";

import { get } from "@/api/client";
import type { SearchPage } from "@/api/schema";

export interface Hits {
  /** Where the found lines begin, from the start of the file on. */
  readonly offsets: readonly number[];
  /** Share of the file that was looked through. */
  readonly share: number;
  readonly isDone: boolean;
  /** There may be more: the looking stopped because there were so many. */
  readonly isCut: boolean;
}

const NONE: Hits = { offsets: [], share: 0, isDone: true, isCut: false };
const MOST = 5000;
/** A pause in typing, in milliseconds, before the server is asked. */
const PAUSE_MS = 180;

/** Look for a text in a log; `size` grows while it is written. */
export function useHits(
  ask: (query: Record<string, string | number | undefined>) => string,
  text: string,
  key: string,
): Hits {
  const [hits, setHits] = useState<Hits>(NONE);
  useEffect(() => {
    if (!text) {
      setHits(NONE);
      return undefined;
    }
    const abort = new AbortController();
    const look = async () => {
      let offsets: number[] = [];
      let offset = 0;
      for (;;) {
        const page: SearchPage = await get(
          ask({ text, offset, limit: 1000, exact: text === text.toLowerCase() ? undefined : "true" }),
          abort.signal,
        );
        offsets = [...offsets, ...page.rows.map((row) => row.offset)];
        const isCut = offsets.length >= MOST;
        const isDone = page.is_done || isCut || page.end <= offset;
        setHits({ offsets, share: page.size ? page.end / page.size : 1, isDone, isCut });
        if (isDone) return;
        offset = page.end;
      }
    };
    const timer = setTimeout(() => void look().catch(() => undefined), PAUSE_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [text, key]);
  return hits;
}
