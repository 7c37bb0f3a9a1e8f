/** Draws a timeline's rows and the strip above them onto a canvas. */

import { lookOf } from "@/parts/status";
import { durationText } from "@/words/duration";
import { countText } from "@/words/numbers";

import { type Busy, keptBusy as busyOf } from "./busy";
import type { Row, StepRow, TaskRow } from "./rows";
import { type Window, ticksOf, xOf } from "./scale";
import type { Span, TaskLine } from "./spans";

export const ROW = 22;
/** Height of the strip with the counts and the axis. */
export const STRIP = 66;
const AXIS = 20;

/** Everything that a picture depends on. */
export interface Picture {
  readonly rows: readonly Row[];
  /** Of all tasks that are shown. */
  readonly tasks: readonly TaskLine[];
  readonly window: Window;
  /** Where the run began; the axis counts from it. */
  readonly start: number;
  readonly now: number;
  /** Size in CSS pixels; the names take `names` of the width. */
  readonly width: number;
  readonly height: number;
  readonly names: number;
  readonly scrollTop: number;
  /** Index of the row under the pointer, and of that chosen with the keys; -1 = none. */
  readonly hovered: number;
  readonly chosen: number;
  /** A stretch of time that is being marked, in pixels of the chart. */
  readonly marked: readonly [number, number] | null;
  readonly colours: Colours;
}

/** Colours by the name of their variable, without the dashes. */
export type Colours = (name: string) => string;

type Pen = CanvasRenderingContext2D;

/** Paint the whole picture. */
export function draw(pen: Pen, picture: Picture): void {
  const { width, height, colours } = picture;
  pen.clearRect(0, 0, width, height);
  pen.fillStyle = colours("surface");
  pen.fillRect(0, 0, width, height);
  pen.textBaseline = "middle";
  drawGrid(pen, picture);
  drawRows(pen, picture);
  drawStrip(pen, picture);
  drawNow(pen, picture);
}

/** Which rows are seen, and where the first one begins. */
function seen({ rows, scrollTop, height }: Picture): readonly [number, number] {
  const first = Math.max(0, Math.floor(scrollTop / ROW));
  return [first, Math.min(rows.length, Math.ceil((scrollTop + height - STRIP) / ROW))];
}

function drawGrid(pen: Pen, picture: Picture): void {
  const { window, start, width, names, height, colours } = picture;
  pen.fillStyle = colours("line");
  for (const { at } of ticksOf(window, width - names, start)) {
    pen.fillRect(Math.round(names + xOf(at, window, width - names)), STRIP, 1, height);
  }
}

function drawRows(pen: Pen, picture: Picture): void {
  const { rows, scrollTop, width, names, height, hovered, chosen, colours } = picture;
  const [first, last] = seen(picture);
  for (let index = first; index < last; index++) {
    const row = rows[index];
    if (!row) continue;
    const top = STRIP + index * ROW - scrollTop;
    if (index === hovered || index === chosen) {
      pen.fillStyle = colours(index === chosen ? "selected" : "hover");
      pen.fillRect(0, top, width, ROW);
    }
    pen.save();
    pen.beginPath();
    pen.rect(names, Math.max(top, STRIP), width - names, ROW);
    pen.clip();
    if (row.kind === "task") drawTask(pen, picture, row, top);
    else drawStep(pen, picture, row, top);
    pen.restore();
  }
  for (let index = first; index < last; index++) {
    const row = rows[index];
    if (row) drawName(pen, picture, row, STRIP + index * ROW - scrollTop);
  }
  pen.fillStyle = colours("line-strong");
  pen.fillRect(names - 1, STRIP, 1, height);
}

function drawName(pen: Pen, { names, colours }: Picture, row: Row, top: number): void {
  const middle = top + ROW / 2 + 1;
  pen.save();
  pen.beginPath();
  pen.rect(0, top, names - 8, ROW);
  pen.clip();
  if (row.kind === "step") {
    drawTwist(pen, 12, middle - 1, row.isOpen, colours("muted"));
    pen.font = `550 12px ${font()}`;
    pen.fillStyle = colours("text");
    pen.fillText(row.step, 22, middle);
    const after = 22 + pen.measureText(row.step).width + 7;
    pen.font = `400 11px ${font()}`;
    pen.fillStyle = colours("faint");
    pen.fillText(countText(row.tasks.length), after, middle);
  } else {
    pen.font = `400 12px ${font()}`;
    pen.fillStyle = row.isInside ? colours("muted") : colours("text");
    const name = row.isInside ? `${row.line.label}${itemText(row.line.key)}` : row.line.step;
    pen.fillText(name, row.isInside ? 34 : 22, middle);
  }
  pen.restore();
}

/** The items of the foreaches that a task is inside of: `  [3, 5]`. */
export function itemText(key: string): string {
  const items = key
    .split("/")
    .slice(1)
    .map((part) => part.slice(part.lastIndexOf(".") + 1));
  return items.length ? `  [${items.join(", ")}]` : key.includes("~") ? `  pass ${Number(key.split("~")[1]) + 1}` : "";
}

function drawTwist(pen: Pen, x: number, y: number, isOpen: boolean, colour: string): void {
  pen.fillStyle = colour;
  pen.beginPath();
  if (isOpen) {
    pen.moveTo(x - 4, y - 2);
    pen.lineTo(x + 4, y - 2);
    pen.lineTo(x, y + 3);
  } else {
    pen.moveTo(x - 2, y - 4);
    pen.lineTo(x + 3, y);
    pen.lineTo(x - 2, y + 4);
  }
  pen.fill();
}

function drawTask(pen: Pen, picture: Picture, { line }: TaskRow, top: number): void {
  const { window, width, names, now, colours } = picture;
  const wide = width - names;
  let end = 0;
  let before = 0;
  for (const span of line.attempts) {
    if (span.isReused) {
      drawReused(pen, picture, top);
      return;
    }
    // An attempt waits from the end of the one before.
    end = drawSpan(pen, picture, { ...span, ready: span.ready && Math.max(span.ready, before) }, line.isCritical, top);
    before = span.finished ?? now;
  }
  const last = line.attempts.at(-1);
  if (!last || end > wide) return;
  pen.font = `400 11px ${font()}`;
  pen.fillStyle = colours("faint");
  const took = durationText((last.finished ?? now) - last.started);
  const text = line.attempts.length > 1 ? `${took}, try ${last.attempt + 1}` : took;
  const room = pen.measureText(text).width + 12;
  const startX = names + xOf(line.attempts[0]?.ready || line.attempts[0]?.started || 0, window, wide);
  if (end + room < wide) pen.fillText(text, names + end + 6, top + ROW / 2 + 1);
  else if (startX - names > room) pen.fillText(text, startX - room + 6, top + ROW / 2 + 1);
}

/** Paint waiting as a thin line and running as a bar; gives where it ends. */
function drawSpan(pen: Pen, picture: Picture, span: Span, isCritical: boolean, top: number): number {
  const { window, width, names, now, colours } = picture;
  const wide = width - names;
  const from = xOf(span.started, window, wide);
  const to = Math.max(from + 2, xOf(span.finished ?? now, window, wide));
  if (span.ready && span.ready < span.started) {
    const ready = xOf(span.ready, window, wide);
    pen.fillStyle = colours("line-strong");
    pen.fillRect(names + ready, top + ROW / 2 - 1, Math.max(0, from - ready), 2);
    pen.fillRect(names + ready, top + ROW / 2 - 3, 1, 6);
  }
  pen.fillStyle = fillOf(span.status, colours);
  pen.beginPath();
  pen.roundRect(names + from, top + 5, to - from, ROW - 10, Math.min(3, (to - from) / 2));
  pen.fill();
  if (lookOf(span.status) === "bad" || span.status === "retrying") drawCross(pen, names + from, names + to, top);
  if (isCritical) {
    pen.fillStyle = colours("accent");
    pen.fillRect(names + from, top + ROW - 4, to - from, 2);
  }
  return to;
}

function drawCross(pen: Pen, from: number, to: number, top: number): void {
  if (to - from < 12) return;
  pen.strokeStyle = "#fff";
  pen.lineWidth = 1.5;
  pen.beginPath();
  const [x, y] = [to - 6, top + ROW / 2];
  pen.moveTo(x - 2.5, y - 2.5);
  pen.lineTo(x + 2.5, y + 2.5);
  pen.moveTo(x + 2.5, y - 2.5);
  pen.lineTo(x - 2.5, y + 2.5);
  pen.stroke();
}

function drawReused(pen: Pen, { names, colours }: Picture, top: number): void {
  pen.font = `400 11px ${font()}`;
  pen.fillStyle = colours("kept");
  pen.fillText("reused", names + 8, top + ROW / 2 + 1);
}

function drawStep(pen: Pen, picture: Picture, row: StepRow, top: number): void {
  const { window, width, names, now, colours } = picture;
  const wide = width - names;
  const bins = Math.max(1, Math.ceil(wide / 2));
  const busy = busyOf(row.tasks, window, bins, now);
  const scale = (ROW - 7) / Math.max(1, busy.peakRunning);
  area(pen, busy.waiting, null, names, wide, top + ROW - 2, 0, colours("line-strong"));
  area(pen, busy.running, null, names, wide, top + ROW - 3.5, scale, fillOf(mainStatus(row), colours));
  area(pen, busy.failed, null, names, wide, top + ROW - 3.5, scale, colours("bad-fill"));
}

/** What colours a step's row: what still runs, else what became of most. */
function mainStatus({ counts }: StepRow): string {
  if (counts["running"]) return "running";
  const rest = Object.entries(counts).filter(([status]) => status !== "failed");
  return rest.sort(([, one], [, other]) => other - one)[0]?.[0] ?? "succeeded";
}

/** Fill between a level (0 when it is null) and the level plus the values. */
function area(
  pen: Pen,
  values: Float32Array,
  below: Float32Array | null,
  left: number,
  width: number,
  bottom: number,
  scale: number,
  colour: string,
): void {
  pen.fillStyle = colour;
  const bin = width / values.length;
  for (let index = 0; index < values.length; index++) {
    const value = values[index] ?? 0;
    if (value <= 0) continue;
    const base = below?.[index] ?? 0;
    const tall = Math.max(1, value * scale);
    pen.fillRect(left + index * bin, bottom - base * scale - tall, bin + 0.5, tall);
  }
}

function drawStrip(pen: Pen, picture: Picture): void {
  const { tasks, window, width, names, start, now, marked, colours } = picture;
  const wide = width - names;
  pen.fillStyle = colours("surface");
  pen.fillRect(0, 0, width, STRIP);
  const busy = busyOf(tasks, window, Math.max(1, Math.ceil(wide / 2)), now);
  const bottom = STRIP - AXIS;
  const scale = 26 / Math.max(1, busy.peakRunning);
  area(pen, busy.waiting, null, names, wide, 15, 11 / Math.max(1, busy.peakWaiting), colours("line-strong"));
  area(pen, busy.running, null, names, wide, bottom, scale, colours("busy-fill"));
  area(pen, busy.failed, null, names, wide, bottom, scale, colours("bad-fill"));
  drawStripWords(pen, picture, busy);
  pen.fillStyle = colours("sunken");
  pen.fillRect(0, bottom, width, AXIS);
  pen.font = `400 11px ${font()}`;
  for (const { at, text } of ticksOf(window, wide, start)) {
    const x = Math.round(names + xOf(at, window, wide));
    pen.fillStyle = colours("line-strong");
    pen.fillRect(x, bottom, 1, AXIS);
    pen.fillStyle = colours("muted");
    pen.fillText(text, x + 4, bottom + AXIS / 2 + 1);
  }
  pen.fillStyle = colours("line");
  pen.fillRect(0, STRIP - 1, width, 1);
  if (!marked) return;
  pen.fillStyle = colours("accent-soft");
  pen.globalAlpha = 0.6;
  pen.fillRect(names + Math.min(...marked), 0, Math.abs(marked[1] - marked[0]), STRIP);
  pen.globalAlpha = 1;
}

function drawStripWords(pen: Pen, { colours, names }: Picture, busy: Busy): void {
  if (names < 120) return;
  pen.font = `400 11px ${font()}`;
  pen.fillStyle = colours("faint");
  if (busy.peakWaiting >= 0.005) pen.fillText(`waiting, up to ${countText(Math.ceil(busy.peakWaiting))}`, 12, 11);
  pen.fillStyle = colours("muted");
  pen.fillText(`running, up to ${countText(Math.ceil(busy.peakRunning))}`, 12, 34);
}

function drawNow(pen: Pen, { tasks, window, width, names, height, now, colours }: Picture): void {
  if (!tasks.some((line) => line.attempts.at(-1)?.finished === null)) return;
  const x = xOf(now, window, width - names);
  if (x < 0 || x > width - names) return;
  pen.fillStyle = colours("busy-fill");
  pen.fillRect(names + Math.min(x, width - names - 1), STRIP - AXIS, 1, height);
}

function fillOf(status: string, colours: Colours): string {
  return colours(FILLS[lookOf(status)] ?? "idle-fill");
}

const FILLS: Readonly<Record<string, string>> = {
  ok: "ok-fill",
  bad: "bad-fill",
  busy: "busy-fill",
  wait: "wait-fill",
  retry: "wait-fill",
  broken: "odd-fill",
  caught: "odd-fill",
  kept: "kept-fill",
};

function font(): string {
  return '"Inter Variable", system-ui, sans-serif';
}
