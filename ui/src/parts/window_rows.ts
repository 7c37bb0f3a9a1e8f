/** Which rows of a long list are in sight; all rows have one height. */

import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";

/** Browsers refuse elements that are higher; beyond it, scrolling is scaled. */
export const HIGHEST = 8_000_000;

export interface WindowRange {
  /** First row to draw, and the one after the last. */
  readonly start: number;
  readonly end: number;
  /** Where the first drawn row stands, in pixels from the top of the content. */
  readonly top: number;
  /** Height of the content in pixels. */
  readonly height: number;
}

/** Give the rows in sight. Above `HIGHEST` the content is squeezed: a pixel of scrolling then is several of rows. */
export function windowOf(
  scrollTop: number,
  viewHeight: number,
  rowHeight: number,
  count: number,
  spare = 8,
): WindowRange {
  const whole = count * rowHeight;
  const height = Math.min(whole, HIGHEST);
  const most = Math.max(1, height - viewHeight);
  const offset = whole > HIGHEST ? (Math.min(scrollTop, most) / most) * (whole - viewHeight) : scrollTop;
  const first = Math.floor(offset / rowHeight);
  const start = Math.max(0, Math.min(first - spare, count));
  const end = Math.min(count, Math.ceil((offset + viewHeight) / rowHeight) + spare);
  return { start, end: Math.max(start, end), top: scrollTop - offset + start * rowHeight, height };
}

/** Where to scroll so that a row is in sight; null when it is. */
export function scrollFor(
  row: number,
  scrollTop: number,
  viewHeight: number,
  rowHeight: number,
  count: number,
): number | null {
  const whole = count * rowHeight;
  const ratio = whole > HIGHEST ? (whole - viewHeight) / Math.max(1, HIGHEST - viewHeight) : 1;
  const top = row * rowHeight;
  const offset = scrollTop * ratio;
  if (top < offset) return top / ratio;
  if (top + rowHeight > offset + viewHeight) return (top + rowHeight - viewHeight) / ratio;
  return null;
}

/** Follow the scrolling of an element. `header` = pixels at its top that stay in place. */
export function useWindowRows(
  box: RefObject<HTMLElement | null>,
  count: number,
  rowHeight: number,
  header = 0,
): WindowRange & { scrollToRow: (row: number) => void; isAtEnd: () => boolean } {
  const [view, setView] = useState({ top: 0, height: 900 });
  const frame = useRef(0);
  const look = useCallback(() => {
    frame.current = 0;
    const shown = box.current;
    if (!shown) return;
    const next = { top: shown.scrollTop, height: shown.clientHeight };
    setView((now) => (now.top === next.top && now.height === next.height ? now : next));
  }, [box]);
  useLayoutEffect(look, [look, count]);
  useEffect(() => {
    const shown = box.current;
    if (!shown) return undefined;
    const soon = () => {
      frame.current ||= requestAnimationFrame(look);
    };
    const size = new ResizeObserver(soon);
    size.observe(shown);
    shown.addEventListener("scroll", soon, { passive: true });
    return () => {
      size.disconnect();
      shown.removeEventListener("scroll", soon);
      cancelAnimationFrame(frame.current);
      frame.current = 0;
    };
  }, [box, look]);
  const scrollToRow = useCallback(
    (row: number) => {
      const shown = box.current;
      if (!shown) return;
      const to = scrollFor(row, shown.scrollTop, shown.clientHeight - header, rowHeight, count);
      if (to !== null) shown.scrollTop = to;
      look();
    },
    [box, header, rowHeight, count, look],
  );
  const isAtEnd = useCallback(() => {
    const shown = box.current;
    return !shown || shown.scrollTop + shown.clientHeight >= shown.scrollHeight - 4;
  }, [box]);
  return { ...windowOf(view.top, view.height, rowHeight, count), scrollToRow, isAtEnd };
}
