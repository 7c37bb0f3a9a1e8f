/** What is in sight of a log: keeps its place while lines come and go at both ends, and reads more near them. */

import { type RefObject, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";

import type { Log } from "./use_log";
import { heightsOf, lineAt } from "./wrapping";

/** Height of a line in pixels. */
export const ROW = 19;
/** Lines that are drawn beyond what is seen. */
const SPARE = 12;
/** Rows from an end at which more is read. */
const NEAR = 120;

export interface View {
  readonly box: RefObject<HTMLDivElement | null>;
  readonly ruler: RefObject<HTMLSpanElement | null>;
  /** Where each line begins, in rows. */
  readonly starts: Int32Array;
  readonly first: number;
  readonly last: number;
  readonly isFollowing: boolean;
  readonly stop: () => void;
  readonly onScroll: () => void;
  /** Bring the line at an offset into sight. */
  readonly show: (offset: number) => Promise<void>;
  /** Where the line on top begins in the file. */
  readonly topOffset: () => number;
}

/** Follow what is in sight. */
export function useView(log: Log, isWrapped: boolean, hasTimes: boolean): View {
  const { file, version } = log;
  const box = useRef<HTMLDivElement>(null);
  const ruler = useRef<HTMLSpanElement>(null);
  const [place, setPlace] = useState({ top: 0, height: 600, columns: 100 });
  const [isFollowing, setFollowing] = useState(true);
  const anchor = useRef({ offset: 0, rest: 0 });
  const isMoving = useRef(false);
  const columns = isWrapped ? Math.max(20, place.columns - (hasTimes ? 15 : 0)) : null;
  const starts = useMemo(
    () =>
      heightsOf(
        file.lines.map(({ text }) => text),
        columns,
      ),
    [file, version, columns],
  );
  const top = Math.floor(place.top / ROW);
  const first = Math.max(0, lineAt(starts, top) - SPARE);
  const last = Math.min(file.lines.length, lineAt(starts, top + Math.ceil(place.height / ROW)) + SPARE + 1);
  const measure = () => {
    const element = box.current;
    if (!element) return;
    const letter = (ruler.current?.getBoundingClientRect().width ?? 720) / 100;
    const next = {
      top: element.scrollTop,
      height: element.clientHeight,
      columns: Math.floor((element.clientWidth - 40) / letter),
    };
    setPlace((now) =>
      now.top === next.top && now.height === next.height && now.columns === next.columns ? now : next,
    );
  };
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    if (isFollowing && file.isAtEnd) element.scrollTop = element.scrollHeight;
    else {
      const index = file.indexOf(anchor.current.offset);
      if (index >= 0 && !isMoving.current) element.scrollTop = (starts[index] ?? 0) * ROW + anchor.current.rest;
    }
    measure();
  }, [file, version, starts]);
  useEffect(() => {
    if (isFollowing && !file.isAtEnd) void log.later();
  }, [isFollowing, file, version]);
  const hasLines = file.lines.length > 0;
  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const size = new ResizeObserver(measure);
    size.observe(element);
    return () => size.disconnect();
  }, [hasLines]);
  const remember = () => {
    const element = box.current;
    if (!element) return;
    const line = lineAt(starts, Math.floor(element.scrollTop / ROW));
    anchor.current = { offset: file.lines[line]?.offset ?? 0, rest: element.scrollTop - (starts[line] ?? 0) * ROW };
  };
  const onScroll = () => {
    const element = box.current;
    if (!element) return;
    measure();
    remember();
    const fromEnd = element.scrollHeight - element.clientHeight - element.scrollTop;
    setFollowing(fromEnd < 4 && file.isAtEnd);
    if (element.scrollTop < NEAR * ROW && !file.isAtStart) void log.earlier();
    else if (fromEnd < NEAR * ROW && !file.isAtEnd) void log.later();
  };
  const show = async (offset: number) => {
    isMoving.current = true;
    setFollowing(offset === Infinity);
    const line = await log.goTo(offset);
    requestAnimationFrame(() => {
      const element = box.current;
      isMoving.current = false;
      if (!element) return;
      const now = offset === Infinity ? log.file.lines.length - 1 : Math.max(line, log.file.indexOf(offset));
      const rows = heightsOf(
        log.file.lines.slice(0, now).map(({ text }) => text),
        columns,
      );
      element.scrollTop =
        offset === Infinity
          ? element.scrollHeight
          : (rows.at(-1) ?? 0) * ROW - (offset === 0 ? 0 : element.clientHeight / 3);
      remember();
    });
  };
  return {
    box,
    ruler,
    starts,
    first,
    last,
    isFollowing,
    stop: () => setFollowing(false),
    onScroll,
    show,
    topOffset: () => file.lines[lineAt(starts, top)]?.offset ?? 0,
  };
}
