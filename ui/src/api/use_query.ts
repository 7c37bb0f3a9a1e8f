/** Questions to the API as hooks. */

import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from "react";

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
 * Ask a list page by page. The first page is followed like any answer; later ones are asked once, since only the
 * newest rows change their place.
 */
export function useEndless<Row>(url: string | null, keyOf: (row: Row) => string): Endless<Row> {
  const first = useSmoothQuery<Page<Row>>(url);
  const [later, setLater] = useState<{ url: string | null; rows: Row[]; cursor: string | null | undefined }>({
    url,
    rows: [],
    cursor: undefined,
  });
  const [isLoadingMore, setLoadingMore] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const isLater = later.url === url && later.cursor !== undefined;
  const cursor = isLater ? later.cursor : first.data?.cursor;
  useEffect(() => {
    setLater({ url, rows: [], cursor: undefined });
    setProblem(undefined);
  }, [url]);

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

  const head = first.data?.rows ?? [];
  const seen = new Set(head.map(keyOf));
  const rows = isLater ? [...head, ...later.rows.filter((row) => !seen.has(keyOf(row)))] : head;
  return {
    rows,
    problem: first.problem ?? problem,
    isLoading: first.data === undefined && first.isLoading,
    isLoadingMore,
    hasMore: Boolean(cursor),
    loadMore,
  };
}
