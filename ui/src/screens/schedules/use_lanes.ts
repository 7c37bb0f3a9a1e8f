/** What a strip of time needs to know. */

import { useMemo } from "react";

import { apiUrl } from "@/api/client";
import type { FiringRow, NextRow, ScheduleView } from "@/api/schema";
import { type Page, useQuery, useSmoothQuery } from "@/api/use_query";
import { useNow } from "@/parts/when";
import { type Lane, lanesOf } from "@/screens/schedules/lanes";
import type { Span } from "@/screens/schedules/strip";

/** Seconds by which a strip moves on. */
const FRESH = 30;

/** Ask for the firings of some time around now, a lane a schedule; of one alias, or of all. */
export function useLanes(schedules: readonly ScheduleView[], seconds: number, target?: string): { lanes: Lane[]; span: Span } {
  const now = Math.floor(useNow() / FRESH) * FRESH;
  const from = now - seconds;
  const until = now + seconds;
  // A slot's record begins with its target: asked by the hour, so that the answer can be kept.
  const since = Math.floor(from / 3600) * 3600;
  const firings = useSmoothQuery<Page<FiringRow>>(apiUrl("/firings", { target, since, limit: 500 }));
  const next = useQuery<Page<NextRow>>(apiUrl("/firings/next", { target, limit: 200 }));
  const lanes = useMemo(
    () => lanesOf(schedules, firings.data?.rows ?? [], next.data?.rows ?? [], [from, until]),
    [schedules, firings.data, next.data, from, until],
  );
  return { lanes, span: useMemo((): Span => [from, until], [from, until]) };
}
