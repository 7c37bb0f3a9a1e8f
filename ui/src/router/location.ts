/** Where the reader is: the path and the query of the address, and how to change them. */

import { useCallback, useMemo, useSyncExternalStore } from "react";

const CHANGED = "headwater:navigated";

/** Go to an address of this page; `replace` leaves no step to go back to. */
export function navigate(to: string, { replace = false }: { replace?: boolean } = {}): void {
  const before = location.pathname;
  if (to === location.pathname + location.search + location.hash) return;
  if (replace) history.replaceState(null, "", to);
  else history.pushState(null, "", to);
  if (location.pathname !== before) window.scrollTo(0, 0);
  window.dispatchEvent(new Event(CHANGED));
}

/** Follow the address; the component is drawn anew when it changes. */
export function useAddress(): { path: string; query: URLSearchParams } {
  const address = useSyncExternalStore(subscribe, () => location.pathname + location.search);
  return useMemo(() => {
    const cut = address.indexOf("?");
    return {
      path: cut < 0 ? address : address.slice(0, cut),
      query: new URLSearchParams(cut < 0 ? "" : address.slice(cut + 1)),
    };
  }, [address]);
}

/** Give an address with some of its query changed; null takes a name out, a list repeats it. */
export function withQuery(
  path: string,
  query: URLSearchParams,
  changes: Readonly<Record<string, string | readonly string[] | null>>,
): string {
  const next = new URLSearchParams(query);
  for (const [name, value] of Object.entries(changes)) {
    next.delete(name);
    if (value === null) continue;
    for (const each of typeof value === "string" ? [value] : value) next.append(name, each);
  }
  const text = next.toString();
  return text ? `${path}?${text}` : path;
}

/**
 * One value of a view's state, kept in the query of the address, so that a link shows the same view.
 * The fallback is not written. Changes replace the address unless `push` is asked for.
 */
export function useQueryState(
  name: string,
  fallback = "",
  { push = false }: { push?: boolean } = {},
): [string, (value: string) => void] {
  const { query } = useAddress();
  const change = useCallback(
    (value: string) => {
      const now = new URLSearchParams(location.search);
      navigate(withQuery(location.pathname, now, { [name]: value === fallback ? null : value }), { replace: !push });
    },
    [name, fallback, push],
  );
  return [query.get(name) ?? fallback, change];
}

/** As `useQueryState`, for a name that may be there several times. */
export function useQueryList(name: string): [string[], (values: readonly string[]) => void] {
  const { query } = useAddress();
  const text = query.getAll(name).join("\u0000");
  const values = useMemo(() => (text ? text.split("\u0000") : []), [text]);
  const change = useCallback(
    (next: readonly string[]) => {
      const now = new URLSearchParams(location.search);
      navigate(withQuery(location.pathname, now, { [name]: next }), { replace: true });
    },
    [name],
  );
  return [values, change];
}

function subscribe(listener: () => void): () => void {
  window.addEventListener("popstate", listener);
  window.addEventListener(CHANGED, listener);
  return () => {
    window.removeEventListener("popstate", listener);
    window.removeEventListener(CHANGED, listener);
  };
}
