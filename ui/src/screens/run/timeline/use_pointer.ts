/** What the pointer does on a timeline. */

import { type PointerEvent, type RefObject, useRef } from "react";

import { STRIP } from "./draw";
import type { Row } from "./rows";
import { type Window, pan, timeAt } from "./scale";

/** What lies under the pointer, and where that is in the window. */
export interface Pointed {
  readonly x: number;
  readonly y: number;
  readonly row: Row;
}

interface Pointing {
  readonly box: RefObject<HTMLDivElement | null>;
  readonly names: number;
  readonly chart: number;
  readonly whole: Window;
  readonly window: Window;
  readonly marked: RefObject<[number, number] | null>;
  readonly rowAt: (y: number) => Row | undefined;
  readonly activate: (row: Row | undefined) => void;
  readonly setShown: (window: Window | null) => void;
  readonly setPointed: (pointed: Pointed | null) => void;
  readonly paint: () => void;
}

/** Hovering shows, a click opens, dragging on the strip marks a stretch to zoom into, dragging below moves. */
export function usePointer({
  box,
  names,
  chart,
  whole,
  window,
  marked,
  rowAt,
  activate,
  setShown,
  setPointed,
  paint,
}: Pointing) {
  const drag = useRef<{ x: number; window: Window; isMark: boolean; hasMoved: boolean } | null>(null);
  const place = (event: { clientX: number; clientY: number }) => {
    const edge = box.current?.getBoundingClientRect();
    return { x: event.clientX - (edge?.left ?? 0) - names, y: event.clientY - (edge?.top ?? 0) };
  };
  return {
    onPointerDown: (event: PointerEvent) => {
      const { x, y } = place(event);
      if (event.button !== 0 || event.pointerType === "touch") return;
      drag.current = { x, window, isMark: y < STRIP && x >= 0, hasMoved: false };
    },
    onPointerMove: (event: PointerEvent) => {
      const { x, y } = place(event);
      const from = drag.current;
      if (from && Math.abs(x - from.x) > 3 && !from.hasMoved) {
        from.hasMoved = true;
        box.current?.setPointerCapture(event.pointerId);
      }
      if (from?.hasMoved) {
        setPointed(null);
        if (from.isMark) {
          marked.current = [from.x, Math.max(0, Math.min(chart, x))];
          paint();
        } else setShown(pan(from.window, ((from.x - x) / chart) * (from.window.to - from.window.from), whole));
        return;
      }
      const row = rowAt(y);
      setPointed(row ? { x: event.clientX, y: event.clientY, row } : null);
    },
    onPointerUp: () => {
      const from = drag.current;
      drag.current = null;
      if (!marked.current || !from) return;
      const [one, other] = marked.current;
      marked.current = null;
      const ends = [timeAt(Math.min(one, other), window, chart), timeAt(Math.max(one, other), window, chart)] as const;
      setShown({ from: ends[0], to: Math.max(ends[1], ends[0] + 0.002) });
    },
    onPointerLeave: () => setPointed(null),
    onDoubleClick: (event: { clientX: number; clientY: number }) => {
      if (place(event).y < STRIP) setShown(null);
    },
    onClick: (event: { clientX: number; clientY: number; detail: number }) => {
      if (marked.current) return;
      const { y } = place(event);
      if (y >= STRIP) activate(rowAt(y));
    },
  };
}
