/** The course of a run in time: what waited and what ran, on a canvas, so that ten thousand tasks scroll smoothly. */

import "./timeline.css";

import { type KeyboardEvent, type PointerEvent, useCallback, useEffect, useMemo, useRef, useState } from "react";

import { Icon } from "@/parts/icon";
import { useTheme } from "@/theme/theme";
import { plural } from "@/words/numbers";

import { ROW, STRIP, draw } from "./draw";
import { Hover } from "./hover";
import { type Row, rowsOf } from "./rows";
import { type Window, pan, timeAt, zoom } from "./scale";
import type { SpanList, TaskLine } from "./spans";
import { coloursNow, useClock, useSize } from "./surface";

export interface TimelineProps {
  readonly spans: SpanList;
  /** Grows when the spans change. */
  readonly version: number;
  /** When the run began. */
  readonly start: number;
  readonly isRunning: boolean;
  readonly open: (line: TaskLine) => void;
}

interface Pointed {
  readonly x: number;
  readonly y: number;
  readonly row: Row;
}

export function Timeline({ spans, version, start, isRunning, open }: TimelineProps) {
  const [search, setSearch] = useState("");
  const [isCriticalOnly, setCriticalOnly] = useState(false);
  const [opened, setOpened] = useState<ReadonlyMap<string, boolean>>(new Map());
  const [shown, setShown] = useState<Window | null>(null);
  const [pointed, setPointed] = useState<Pointed | null>(null);
  const [chosen, setChosen] = useState(-1);
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const { width, height } = useSize(box);
  const theme = useTheme();
  const now = useClock(isRunning);

  const rows = useMemo(
    () => rowsOf(spans.tasks, { open: opened, isCriticalOnly, search }),
    [spans, version, opened, isCriticalOnly, search],
  );
  const tasks = useMemo(() => (isCriticalOnly || search ? linesOf(rows) : spans.tasks), [spans, version, rows, isCriticalOnly, search]);
  const whole = useMemo(() => wholeOf(spans, start, now), [spans, version, start, now]);
  const seenWindow = shown ?? whole;
  const names = width < 560 ? 110 : 210;
  const chart = Math.max(1, width - names);
  const marked = useRef<[number, number] | null>(null);
  const hovered = pointed ? rows.indexOf(pointed.row) : -1;
  const colours = useMemo(() => coloursNow(), [theme]);

  const paint = useCallback(() => {
    const pen = canvas.current?.getContext("2d", { alpha: false });
    if (!pen || !box.current) return;
    const ratio = window.devicePixelRatio || 1;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    const scrollTop = box.current.scrollTop;
    draw(pen, {
      rows, tasks, window: seenWindow, start, now, width, height, names, scrollTop, hovered, chosen,
      marked: marked.current, colours,
    });
  }, [rows, tasks, seenWindow, start, now, width, height, names, hovered, chosen, colours]);
  const soon = useSoon(paint);
  useEffect(soon, [soon, paint]);

  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const turn = (event: WheelEvent) => {
      const isZoom = event.ctrlKey || event.metaKey;
      if (!isZoom && Math.abs(event.deltaX) <= Math.abs(event.deltaY) && !event.shiftKey) return;
      event.preventDefault();
      const x = event.clientX - element.getBoundingClientRect().left - names;
      setShown((before) => {
        const current = before ?? whole;
        if (isZoom) return zoom(current, Math.exp(event.deltaY * 0.004), timeAt(x, current, chart), whole);
        const pixels = event.deltaX || event.deltaY;
        return pan(current, (pixels / chart) * (current.to - current.from), whole);
      });
    };
    element.addEventListener("wheel", turn, { passive: false });
    return () => element.removeEventListener("wheel", turn);
  }, [whole, chart, names]);

  const activate = (row: Row | undefined) => {
    if (!row) return;
    if (row.kind === "task") open(row.line);
    else setOpened(new Map(opened).set(row.step, !row.isOpen));
  };
  const rowAt = (y: number): Row | undefined =>
    y < STRIP ? undefined : rows[Math.floor((y - STRIP + (box.current?.scrollTop ?? 0)) / ROW)];
  const pointer = usePointer({
    box, names, chart, whole, window: seenWindow, marked, rowAt, activate, setShown, setPointed, paint: soon,
  });
  const scrollToRow = (index: number) => {
    const element = box.current;
    if (!element) return;
    const top = index * ROW;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + ROW > element.scrollTop + height - STRIP) element.scrollTop = top + ROW - height + STRIP;
  };
  const press = (event: KeyboardEvent) => {
    const move = { ArrowDown: 1, ArrowUp: -1, PageDown: 20, PageUp: -20 }[event.key];
    const middle = (seenWindow.from + seenWindow.to) / 2;
    const length = seenWindow.to - seenWindow.from;
    if (move) {
      const next = Math.max(0, Math.min(rows.length - 1, chosen + move));
      setChosen(next);
      scrollToRow(next);
    } else if (event.key === "Enter") activate(rows[chosen]);
    else if (event.key === "ArrowRight") setShown(pan(seenWindow, length / 10, whole));
    else if (event.key === "ArrowLeft") setShown(pan(seenWindow, -length / 10, whole));
    else if (event.key === "+" || event.key === "=") setShown(zoom(seenWindow, 0.5, middle, whole));
    else if (event.key === "-") setShown(zoom(seenWindow, 2, middle, whole));
    else if (event.key === "0") setShown(null);
    else return;
    event.preventDefault();
  };
  const openAll = (isOpen: boolean) => setOpened(new Map(rows.filter((row) => row.kind === "step").map((row) => [row.step, isOpen])));
  const ratio = typeof window === "undefined" ? 1 : window.devicePixelRatio || 1;
  const around = (seenWindow.from + seenWindow.to) / 2;
  return (
    <div className="course">
      <div className="course-bar row wrap">
        <input
          className="field"
          data-filter
          type="search"
          placeholder="Find a task"
          aria-label="Find a task"
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
        <label className="course-check">
          <input type="checkbox" checked={isCriticalOnly} onChange={() => setCriticalOnly(!isCriticalOnly)} />
          Critical path only
        </label>
        <button type="button" className="button small" onClick={() => openAll(true)}>
          Open all
        </button>
        <button type="button" className="button small" onClick={() => openAll(false)}>
          Close all
        </button>
        <Legend />
        <span className="row push" role="group" aria-label="Zoom">
          <button type="button" className="button icon small" aria-label="Zoom out" title="Zoom out (-)" onClick={() => setShown(zoom(seenWindow, 2, around, whole))}>
            <Icon name="minus" size={14} />
          </button>
          <button type="button" className="button icon small" aria-label="Zoom in" title="Zoom in (+)" onClick={() => setShown(zoom(seenWindow, 0.5, around, whole))}>
            <Icon name="plus" size={14} />
          </button>
          <button type="button" className="button icon small" aria-label="Show all of it" title="Show all of it (0)" onClick={() => setShown(null)}>
            <Icon name="fit" size={14} />
          </button>
        </span>
      </div>
      <div
        ref={box}
        className="course-box"
        tabIndex={0}
        style={{ height: `min(max(320px, 100dvh - 250px), ${STRIP + rows.length * ROW + 2}px)` }}
        role="application"
        aria-label={`Timeline of ${plural(spans.size, "task")}: arrows move, Enter opens, plus and minus zoom. The tab Tasks lists the same.`}
        onKeyDown={press}
        onScroll={soon}
        {...pointer}
      >
        <div className="course-inner" style={{ height: STRIP + rows.length * ROW }}>
          <canvas ref={canvas} width={Math.round(width * ratio)} height={Math.round(height * ratio)} style={{ width, height }} />
        </div>
      </div>
      {pointed && <Hover row={pointed.row} x={pointed.x} y={pointed.y} now={now} />}
    </div>
  );
}

function Legend() {
  return (
    <ul className="course-legend faint">
      <li>
        <i className="waiting" /> waiting
      </li>
      <li>
        <i className="ran" /> done
      </li>
      <li>
        <i className="runs" /> running
      </li>
      <li>
        <i className="failed" /> failed
      </li>
      <li>
        <i className="critical" /> critical path
      </li>
    </ul>
  );
}

/** Call at most once a frame. */
function useSoon(act: () => void): () => void {
  const latest = useRef(act);
  latest.current = act;
  const frame = useRef(0);
  useEffect(() => () => cancelAnimationFrame(frame.current), []);
  return useCallback(() => {
    frame.current ||= requestAnimationFrame(() => {
      frame.current = 0;
      latest.current();
    });
  }, []);
}

interface Pointing {
  readonly box: React.RefObject<HTMLDivElement | null>;
  readonly names: number;
  readonly chart: number;
  readonly whole: Window;
  readonly window: Window;
  readonly marked: React.RefObject<[number, number] | null>;
  readonly rowAt: (y: number) => Row | undefined;
  readonly activate: (row: Row | undefined) => void;
  readonly setShown: (window: Window | null) => void;
  readonly setPointed: (pointed: Pointed | null) => void;
  readonly paint: () => void;
}

/** Hovering shows, a click opens, dragging on the strip marks a stretch to zoom into, dragging below moves. */
function usePointer({ box, names, chart, whole, window, marked, rowAt, activate, setShown, setPointed, paint }: Pointing) {
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

function linesOf(rows: readonly Row[]): readonly TaskLine[] {
  return rows.flatMap((row) => (row.kind === "step" ? row.tasks : row.isInside ? [] : [row.line]));
}

function wholeOf(spans: SpanList, start: number, now: number): Window {
  const [from, to] = spans.extent(now) ?? [start, start + 1];
  const first = Math.min(start, from);
  return { from: first, to: Math.max(to, first + 0.01) + (to - first) * 0.04 };
}
