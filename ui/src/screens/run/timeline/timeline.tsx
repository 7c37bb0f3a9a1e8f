/** The course of a run in time: what waited and what ran, on a canvas, so that ten thousand tasks scroll smoothly. */

import "./timeline.css";

import { type KeyboardEvent, useCallback, useEffect, useMemo, useRef, useState } from "react";

import { Icon, type IconName } from "@/parts/icon";
import { useTheme } from "@/theme/theme";
import { plural } from "@/words/numbers";

import { ROW, STRIP, draw } from "./draw";
import { Hover } from "./hover";
import { type Row, rowsOf } from "./rows";
import { type Window, pan, timeAt, zoom } from "./scale";
import type { SpanList, TaskLine } from "./spans";
import { coloursNow, useClock, useSize } from "./surface";
import { type Pointed, usePointer } from "./use_pointer";

export interface TimelineProps {
  readonly spans: SpanList;
  /** Grows when the spans change. */
  readonly version: number;
  /** When the run began. */
  readonly start: number;
  readonly isRunning: boolean;
  readonly open: (line: TaskLine) => void;
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
  const tasks = useMemo(
    () => (isCriticalOnly || search ? linesOf(rows) : spans.tasks),
    [spans, version, rows, isCriticalOnly, search],
  );
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
      rows,
      tasks,
      window: seenWindow,
      start,
      now,
      width,
      height,
      names,
      scrollTop,
      hovered,
      chosen,
      marked: marked.current,
      colours,
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
    box,
    names,
    chart,
    whole,
    window: seenWindow,
    marked,
    rowAt,
    activate,
    setShown,
    setPointed,
    paint: soon,
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
  const openAll = (isOpen: boolean) =>
    setOpened(new Map(rows.filter((row) => row.kind === "step").map((row) => [row.step, isOpen])));
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
          <Tool name="Zoom out" keys="-" icon="minus" act={() => setShown(zoom(seenWindow, 2, around, whole))} />
          <Tool name="Zoom in" keys="+" icon="plus" act={() => setShown(zoom(seenWindow, 0.5, around, whole))} />
          <Tool name="Show all of it" keys="0" icon="fit" act={() => setShown(null)} />
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
          <canvas
            ref={canvas}
            width={Math.round(width * ratio)}
            height={Math.round(height * ratio)}
            style={{ width, height }}
          />
        </div>
      </div>
      {pointed && <Hover row={pointed.row} x={pointed.x} y={pointed.y} now={now} />}
    </div>
  );
}

function Tool({ name, keys, icon, act }: { name: string; keys: string; icon: IconName; act: () => void }) {
  return (
    <button type="button" className="button icon small" aria-label={name} title={`${name} (${keys})`} onClick={act}>
      <Icon name={icon} size={14} />
    </button>
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

function linesOf(rows: readonly Row[]): readonly TaskLine[] {
  return rows.flatMap((row) => (row.kind === "step" ? row.tasks : row.isInside ? [] : [row.line]));
}

function wholeOf(spans: SpanList, start: number, now: number): Window {
  const [from, to] = spans.extent(now) ?? [start, start + 1];
  const first = Math.min(start, from);
  return { from: first, to: Math.max(to, first + 0.01) + (to - first) * 0.04 };
}
