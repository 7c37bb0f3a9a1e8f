/** Who worked when: a row a task, drawn on a canvas, so that ten thousand of them scroll as lightly as ten. */

import "./timeline.css";

import { type KeyboardEvent, type PointerEvent, type ReactNode, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";

import { Icon } from "@/parts/icon";
import { lookOf } from "@/parts/status";
import { type Span, marksOf, movedSpan, zoomedSpan } from "@/parts/timeline_scale";
import { useNow } from "@/parts/when";
import { HIGHEST, windowOf } from "@/parts/window_rows";
import { colour, useTheme } from "@/theme/theme";
import { durationText } from "@/words/duration";

/** What a task did in a span of time; `compute` has the colour of its status. */
export type SegmentKind = "queue" | "environment" | "import" | "input" | "compute" | "save" | "lost";

export interface Segment {
  readonly kind: SegmentKind;
  /** Unix seconds. */
  readonly from: number;
  /** None: it goes on. */
  readonly to?: number | null;
  /** Of an earlier attempt, with its own colour. */
  readonly status?: string;
}

export interface TimelineRow {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly segments: readonly Segment[];
  /** On the longest way through the run. */
  readonly isCritical?: boolean;
}

const ROW = 20;
const AXIS = 26;

export const SEGMENT_NAMES: Readonly<Record<SegmentKind, string>> = {
  queue: "waiting",
  environment: "environment",
  import: "import",
  input: "input load",
  compute: "compute",
  save: "save",
  lost: "lost",
};

const COLOURS: Readonly<Record<Exclude<SegmentKind, "compute">, string>> = {
  queue: "--line-strong",
  environment: "--series-6",
  import: "--series-3",
  input: "--series-7",
  save: "--series-9",
  lost: "--odd-fill",
};

export function Timeline({
  rows,
  label,
  onOpen,
  tip,
  height = 420,
}: {
  rows: readonly TimelineRow[];
  label: string;
  onOpen?: (row: TimelineRow) => void;
  /** What to say of the row under the pointer. */
  tip?: (row: TimelineRow) => ReactNode;
  height?: number;
}) {
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const theme = useTheme();
  const isLive = useMemo(() => rows.some((row) => row.segments.some((segment) => segment.to === undefined || segment.to === null)), [rows]);
  const now = useLiveNow(isLive);
  const whole = useMemo(() => wholeOf(rows, now), [rows, now]);
  const [chosen, setChosen] = useState<Span | null>(null);
  const span = chosen ?? whole;
  const [hover, setHover] = useState<{ index: number; x: number; y: number } | null>(null);
  const [at, setAt] = useState(-1);
  const frame = useRef(0);

  const draw = useCallback(() => {
    frame.current = 0;
    const place = box.current;
    const target = canvas.current;
    if (!place || !target) return;
    paint({ target, rows, span, start: whole.from, now, at, scrollTop: place.scrollTop, width: place.clientWidth, height: place.clientHeight });
    // The theme changes what the colours are.
  }, [rows, span.from, span.to, whole.from, now, at, theme]);
  useLayoutEffect(draw, [draw]);
  useEffect(() => {
    const place = box.current;
    if (!place) return undefined;
    const soon = () => {
      frame.current ||= requestAnimationFrame(draw);
    };
    const size = new ResizeObserver(soon);
    size.observe(place);
    place.addEventListener("scroll", soon, { passive: true });
    return () => {
      size.disconnect();
      place.removeEventListener("scroll", soon);
      cancelAnimationFrame(frame.current);
      frame.current = 0;
    };
  }, [draw]);
  useWheelZoom(box, span, whole, setChosen);

  const rowAt = (event: PointerEvent): number => {
    const place = box.current;
    if (!place) return -1;
    const y = event.clientY - place.getBoundingClientRect().top - AXIS;
    const range = windowOf(place.scrollTop, place.clientHeight - AXIS, ROW, rows.length, 0);
    const index = Math.floor((y + place.scrollTop - range.top) / ROW) + range.start;
    return y < 0 || index >= rows.length ? -1 : index;
  };
  const onKey = (event: KeyboardEvent) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    const row = rows[at];
    if (event.key === "Enter" && row && onOpen) onOpen(row);
    if (!step || rows.length === 0) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(rows.length - 1, at + step));
    setAt(next);
    const place = box.current;
    if (place && rows.length * ROW < HIGHEST) {
      const y = next * ROW;
      if (y < place.scrollTop) place.scrollTop = y;
      else if (y + ROW + AXIS > place.scrollTop + place.clientHeight) place.scrollTop = y + ROW + AXIS - place.clientHeight;
    }
  };
  const hovered = hover ? rows[hover.index] : undefined;
  const current = rows[at];
  const content = Math.min(rows.length * ROW, HIGHEST) + AXIS + 4;
  return (
    <div className="timeline">
      <div
        ref={box}
        className="timeline-box"
        style={{ height: Math.min(height, content) }}
        tabIndex={0}
        role="application"
        aria-label={`${label}; arrow keys move, Enter opens`}
        onKeyDown={onKey}
        onPointerMove={(event) => {
          const index = rowAt(event);
          const rect = event.currentTarget.getBoundingClientRect();
          setHover(index < 0 ? null : { index, x: event.clientX - rect.left, y: event.clientY - rect.top });
        }}
        onPointerLeave={() => setHover(null)}
        onClick={(event) => {
          const row = rows[rowAt(event as unknown as PointerEvent)];
          if (row && onOpen) onOpen(row);
        }}
      >
        <canvas ref={canvas} className="timeline-canvas" />
        <div style={{ height: Math.max(0, content - Math.min(height, content)) }} />
      </div>
      <p className="hidden-text" role="status">
        {current && `${current.name}, ${current.status}`}
      </p>
      {hover && hovered && (
        <div className={`timeline-tip${hover.x > (box.current?.clientWidth ?? 0) * 0.6 ? " left" : ""}`} style={{ left: hover.x, top: Math.min(hover.y, height - 90) }}>
          <p className="strong">{hovered.name}</p>
          {tip ? tip(hovered) : <DefaultTip row={hovered} now={now} />}
        </div>
      )}
      <div className="timeline-tools">
        <button type="button" className="button plain icon small" aria-label="Enlarge" onClick={() => setChosen(zoomedSpan(span, whole, 1.6, (span.from + span.to) / 2))}>
          <Icon name="plus" size={14} />
        </button>
        <button type="button" className="button plain icon small" aria-label="Make smaller" onClick={() => setChosen(zoomedSpan(span, whole, 0.625, (span.from + span.to) / 2))}>
          <Icon name="minus" size={14} />
        </button>
        <button type="button" className="button plain icon small" aria-label="Show all" onClick={() => setChosen(null)}>
          <Icon name="fit" size={14} />
        </button>
      </div>
    </div>
  );
}

/** What the colours of a timeline mean. */
export function TimelineLegend({ kinds }: { kinds: readonly SegmentKind[] }) {
  return (
    <ul className="timeline-legend">
      {kinds.map((kind) => (
        <li key={kind}>
          <span className={`timeline-key ${kind}`} />
          {SEGMENT_NAMES[kind]}
        </li>
      ))}
    </ul>
  );
}

function DefaultTip({ row, now }: { row: TimelineRow; now: number }) {
  return (
    <>
      <p className="muted">{row.status}</p>
      <dl className="facts">
        {row.segments.slice(0, 8).map((segment, index) => (
          <div key={index} className="timeline-fact">
            <dt>{SEGMENT_NAMES[segment.kind]}</dt>
            <dd className="number">{durationText((segment.to ?? now) - segment.from)}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}

interface Scene {
  target: HTMLCanvasElement;
  rows: readonly TimelineRow[];
  span: Span;
  /** Time that the axis counts from. */
  start: number;
  now: number;
  /** Row with the mark of the keyboard. */
  at: number;
  scrollTop: number;
  width: number;
  height: number;
}

function paint({ target, rows, span, start, now, at, scrollTop, width, height }: Scene): void {
  const ratio = window.devicePixelRatio || 1;
  if (target.width !== Math.round(width * ratio) || target.height !== Math.round(height * ratio)) {
    target.width = Math.round(width * ratio);
    target.height = Math.round(height * ratio);
    target.style.width = `${width}px`;
    target.style.height = `${height}px`;
  }
  const pen = target.getContext("2d");
  if (!pen) return;
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  const names = Math.min(220, Math.max(90, width * 0.2));
  const plot = width - names - 12;
  const x = (time: number) => names + ((time - span.from) / (span.to - span.from || 1)) * plot;
  const ink = { line: colour("--line"), text: colour("--text"), muted: colour("--faint"), accent: colour("--accent") };
  const fills = new Map<string, string>();
  const fill = (name: string) => {
    const known = fills.get(name) ?? colour(name);
    fills.set(name, known);
    return known;
  };
  pen.font = `11px ${colour("--font")}`;
  pen.textBaseline = "middle";
  const marks = marksOf({ from: span.from - start, to: span.to - start }, plot);
  pen.fillStyle = ink.line;
  for (const mark of marks) pen.fillRect(Math.round(x(start + mark)), AXIS, 1, height - AXIS);

  pen.save();
  pen.beginPath();
  pen.rect(0, AXIS, width, height - AXIS);
  pen.clip();
  const range = windowOf(scrollTop, height - AXIS, ROW, rows.length, 1);
  for (let index = range.start; index < range.end; index += 1) {
    const row = rows[index];
    if (!row) continue;
    const y = AXIS + range.top - scrollTop + (index - range.start) * ROW;
    if (index === at) {
      pen.fillStyle = fill("--selected");
      pen.fillRect(0, y, width, ROW);
    }
    for (const segment of row.segments) {
      const from = Math.max(names, x(segment.from));
      const to = Math.min(width, x(segment.to ?? now));
      if (to < names || from > width) continue;
      const isWaiting = segment.kind === "queue";
      pen.fillStyle = segment.kind === "compute" ? fill(fillOf(segment.status ?? row.status)) : fill(COLOURS[segment.kind]);
      const thin = isWaiting ? 4 : 12;
      pen.fillRect(from, y + (ROW - thin) / 2, Math.max(1.5, to - from), thin);
    }
    if (row.isCritical) {
      pen.fillStyle = ink.text;
      const first = row.segments.find(({ kind }) => kind !== "queue")?.from ?? row.segments[0]?.from ?? 0;
      const last = row.segments.at(-1)?.to ?? now;
      pen.fillRect(Math.max(names, x(first)), y + ROW - 3, Math.max(1.5, x(last) - Math.max(names, x(first))), 1.5);
    }
    pen.fillStyle = index === at ? ink.accent : ink.text;
    pen.fillText(shortened(pen, row.name, names - 24), 12, y + ROW / 2);
  }
  pen.restore();
  pen.fillStyle = ink.line;
  pen.fillRect(0, AXIS - 1, width, 1);
  pen.fillStyle = ink.muted;
  for (const mark of marks) {
    const place = x(start + mark);
    if (place < width - 40) pen.fillText(durationText(mark), place + 4, AXIS / 2);
  }
}

const SHORT = new Map<string, string>();

/** Cut a name so that it fits, keeping its end, which tells tasks of one step apart. */
function shortened(pen: CanvasRenderingContext2D, text: string, width: number): string {
  const key = `${text}\u0000${Math.round(width)}`;
  const known = SHORT.get(key);
  if (known !== undefined) return known;
  let cut = text;
  if (pen.measureText(text).width > width) {
    let keep = text.length - 1;
    while (keep > 4 && pen.measureText(`…${text.slice(-keep)}`).width > width) keep -= 1;
    cut = `…${text.slice(-keep)}`;
  }
  if (SHORT.size > 20_000) SHORT.clear();
  SHORT.set(key, cut);
  return cut;
}

const FILLS: Readonly<Record<string, string>> = {
  ok: "--ok-fill",
  bad: "--bad-fill",
  busy: "--busy-fill",
  wait: "--wait-fill",
  retry: "--wait-fill",
  broken: "--odd-fill",
  caught: "--odd-fill",
  kept: "--kept-fill",
};

function fillOf(status: string): string {
  return FILLS[lookOf(status)] ?? "--idle-fill";
}

function wholeOf(rows: readonly TimelineRow[], now: number): Span {
  let from = Infinity;
  let to = -Infinity;
  for (const row of rows) {
    for (const segment of row.segments) {
      from = Math.min(from, segment.from);
      to = Math.max(to, segment.to ?? now);
    }
  }
  if (from > to) return { from: 0, to: 1 };
  const room = Math.max((to - from) * 0.01, 0.001);
  return { from, to: to + room };
}

function useLiveNow(isLive: boolean): number {
  const moving = useNow();
  const last = useRef(moving);
  if (isLive) last.current = moving;
  return last.current;
}

function useWheelZoom(
  box: React.RefObject<HTMLDivElement | null>,
  span: Span,
  whole: Span,
  change: (span: Span) => void,
): void {
  const latest = useRef({ span, whole, change });
  latest.current = { span, whole, change };
  useEffect(() => {
    const place = box.current;
    if (!place) return undefined;
    const wheel = (event: WheelEvent) => {
      const { span: shown, whole: all, change: set } = latest.current;
      const rect = place.getBoundingClientRect();
      const names = Math.min(220, Math.max(90, rect.width * 0.2));
      const share = (event.clientX - rect.left - names) / (rect.width - names - 12);
      const length = shown.to - shown.from;
      if (event.ctrlKey || event.metaKey) {
        event.preventDefault();
        set(zoomedSpan(shown, all, Math.exp(-event.deltaY / 240), shown.from + Math.max(0, share) * length));
      } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
        event.preventDefault();
        set(movedSpan(shown, all, ((event.deltaX || event.deltaY) / rect.width) * length));
      }
    };
    place.addEventListener("wheel", wheel, { passive: false });
    return () => place.removeEventListener("wheel", wheel);
  }, [box]);
}
