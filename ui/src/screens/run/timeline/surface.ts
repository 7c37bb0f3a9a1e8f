/** What a canvas needs of the page: its size, the colours of the theme, and the time while something runs. */

import { type RefObject, useEffect, useLayoutEffect, useState } from "react";

import { colour } from "@/theme/theme";

import type { Colours } from "./draw";

/** Follow the size of an element, in CSS pixels. */
export function useSize(box: RefObject<HTMLElement | null>): { width: number; height: number } {
  const [size, setSize] = useState({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const look = () => setSize({ width: element.clientWidth, height: element.clientHeight });
    look();
    const observer = new ResizeObserver(look);
    observer.observe(element);
    return () => observer.disconnect();
  }, [box]);
  return size;
}

/** Give the colours of the theme that is shown now, each asked once. */
export function coloursNow(): Colours {
  const known = new Map<string, string>();
  return (name) => {
    let found = known.get(name);
    if (found === undefined) known.set(name, (found = colour(`--${name}`)));
    return found;
  };
}

/** The time in Unix seconds; moves five times a second while `isMoving`. */
export function useClock(isMoving: boolean): number {
  const [now, setNow] = useState(() => Date.now() / 1000);
  useEffect(() => {
    setNow(Date.now() / 1000);
    if (!isMoving) return undefined;
    const timer = setInterval(() => !document.hidden && setNow(Date.now() / 1000), 200);
    return () => clearInterval(timer);
  }, [isMoving]);
  return now;
}
