/** Questions to the API as hooks. */

import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";

import { type Known, answers } from "@/api/cache";
import { type Problem, get } from "@/api/client";
import { problemOfError } from "@/api/problem";

const NEVER = () => () => undefined;
const UNASKED: Known<never> = { data: undefined, problem: undefined, isLoading: false };

/** Ask an address and follow its answer; null asks nothing. */
export function useQuery<Answer>(url: string | null): Known<Answer> {
  const follow = useCallback((listener: () => void) => (url ? answers.follow(url, listener) : NEVER()), [url]);
  return useSyncExternalStore(follow, () => (url ? answers.known<Answer>(url) : UNASKED));
}

/** As `useQuery`, showing the previous address's answer until the new one's is there: no flicker while filters change. */
export function useSmoothQuery<Answer>(url: string | null): Known<Answer> {
  const known = useQuery<Answer>(url);
  const last = useRef<Answer | undefined>(undefined);
  if (known.data !== undefined) last.current = known.data;
  return known.data === undefined && known.isLoading ? { ...known, data: last.current } : known;
}

/** A bounded part of a list. */
export interface Page<Row> {
  readonly rows: readonly Row[];
  readonly cursor?: string | null;
}

/** A list that grows while the reader goes down. */
export interface Endless<Row> {
  readonly rows: readonly Row[];
  readonly problem: Problem | undefined;
  /** Nothing is known yet. */
  readonly isLoading: boolean;
  readonly isLoadingMore: boolean;
  readonly hasMore: boolean;
  readonly loadMore: () => void;
}

/**
 * Ask a list page by page. The first page is followed like any answer, later ones are asked once; what newer rows
 * push off the first page stays in the list.
 */
export function useEndless<Row>(url: string | null, keyOf: (row: Row) => string): Endless<Row> {
  const first = useSmoothQuery<Page<Row>>(url);
  const [later, setLater] = useState<Later<Row>>({ url, rows: [], cursor: undefined });
  const [isLoadingMore, setLoadingMore] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const isGrown = later.url === url && later.cursor !== undefined;
  const cursor = isGrown ? later.cursor : first.data?.cursor;
  const head = first.data?.rows;
  const before = useRef<readonly Row[]>([]);
  useEffect(() => {
    setLater({ url, rows: [], cursor: undefined });
    setProblem(undefined);
  }, [url]);
  useEffect(() => {
    const pushed = pushedOff(before.current, head ?? [], keyOf);
    before.current = head ?? [];
    if (pushed.length > 0) setLater((now) => (now.cursor === undefined ? now : { ...now, rows: [...pushed, ...now.rows] }));
  }, [head, keyOf]);

  const loadMore = useCallback(() => {
    if (!url || !cursor || isLoadingMore) return;
    setLoadingMore(true);
    get<Page<Row>>(`${url}${url.includes("?") ? "&" : "?"}cursor=${encodeURIComponent(cursor)}`)
      .then((page) => {
        setLater((now) => ({
          url,
          rows: [...(now.url === url ? now.rows : []), ...page.rows],
          cursor: page.cursor ?? null,
        }));
      })
      .catch((error: unknown) => setProblem(problemOfError(error)))
      .finally(() => setLoadingMore(false));
  }, [url, cursor, isLoadingMore]);

  const rows = useMemo(() => {
    if (!isGrown) return head ?? [];
    const seen = new Set((head ?? []).map(keyOf));
    return [...(head ?? []), ...later.rows.filter((row) => !seen.has(keyOf(row)))];
  }, [isGrown, head, later.rows, keyOf]);
  return {
    rows,
    problem: first.problem ?? problem,
    isLoading: first.data === undefined && first.isLoading,
    isLoadingMore,
    hasMore: Boolean(cursor),
    loadMore,
  };
}

interface Later<Row> {
  readonly url: string | null;
  readonly rows: readonly Row[];
  /** Undefined: no later page was asked for; null: there is none. */
  readonly cursor: string | null | undefined;
}

/**
 * Give the rows that newer ones pushed off the end of a page: those behind the last one that is still there. What
 * left from between did so because it is no longer what was asked for.
 */
export function pushedOff<Row>(before: readonly Row[], now: readonly Row[], keyOf: (row: Row) => string): Row[] {
  const kept = new Set(now.map(keyOf));
  const last = before.findLastIndex((row) => kept.has(keyOf(row)));
  return last < 0 ? [] : before.slice(last + 1);
}
