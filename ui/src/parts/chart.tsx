/** Curves of many points (uPlot): themed, with a legend that switches curves on and off and shows the values at the pointer. */

import "uplot/dist/uPlot.min.css";
import "./chart.css";

import { useEffect, useMemo, useRef, useState } from "react";
import uPlot from "uplot";

import { colour, useTheme } from "@/theme/theme";
import { durationText } from "@/words/duration";
import { valueText } from "@/words/numbers";
import { clockTime, dateText, exactTime } from "@/words/time";

export interface Series {
  readonly name: string;
  /** Rising. */
  readonly xs: readonly number[];
  readonly ys: readonly (number | null)[];
  /** Number of a series colour, from 1; else by its place. */
  readonly colour?: number;
  readonly isDashed?: boolean;
}

export interface ChartProps {
  /** For who cannot see it, and above it. */
  readonly title: string;
  readonly series: readonly Series[];
  /** What x is: Unix seconds, or a plain number such as a step. */
  readonly xKind?: "time" | "number";
  readonly xName?: string;
  readonly valueName?: (value: number) => string;
  /** The values are seconds. */
  readonly isDuration?: boolean;
  readonly height?: number;
  readonly isLog?: boolean;
  /** Charts with the same key show the same place under the pointer. */
  readonly sync?: string;
  /** Where the scale of y begins or ends, at least. */
  readonly from?: number;
  readonly to?: number;
  /** What happened meanwhile: lines across the curves, in order of x. */
  readonly marks?: readonly ChartMark[];
  /** A missing value interrupts its curve. */
  readonly hasGaps?: boolean;
}

/** Something that happened at an x. */
export interface ChartMark {
  readonly x: number;
  /** A word or two. */
  readonly name: string;
  readonly isBad?: boolean;
}

/** Steps of an axis of durations, in seconds. */
const DURATIONS = [
  0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200,
  14400, 21600, 43200, 86400, 172800, 604800, 2592000,
];
/** Steps of an axis of numbers of runs or of rounds: there is nothing in between. */
const WHOLE = [1, 2, 5].flatMap((first) => Array.from({ length: 12 }, (_, zeros) => first * 10 ** zeros)).sort((one, other) => one - other);
/** A curve of at most so many points shows each. */
const FEW = 24;
/** Curves beyond so many share colours and get no legend of their own. */
const COLOURS = 10;

export function Chart(props: ChartProps) {
  const { title, series, xKind = "number", xName, isDuration = false, height = 220, isLog = false, sync } = props;
  const valueName = props.valueName ?? (isDuration ? durationText : valueText);
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const theme = useTheme();
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [at, setAt] = useState<number | null>(null);
  const data = useMemo(() => joined(series), [series]);
  const names = series.map(({ name }) => name).join("\u0000");
  const isShort = height < 140;
  // Read while it draws, so that new ones need no new chart.
  const now = useRef(props);
  now.current = props;
  const isZoomed = useRef(false);
  const isWhole = useMemo(() => series.every(({ xs }) => xs.every(Number.isInteger)), [series]);

  useEffect(() => {
    const place = box.current;
    if (!place) return undefined;
    const axis: uPlot.Axis = {
      stroke: colour("--faint"),
      grid: { stroke: colour("--line"), width: 1 },
      ticks: { show: false },
      font: `11px ${colour("--font")}`,
      labelFont: `11px ${colour("--font")}`,
      gap: 6,
    };
    const made = new uPlot(
      {
        width: place.clientWidth || 300,
        height,
        legend: { show: false },
        cursor: {
          points: { size: 7 },
          drag: { x: true, y: false },
          focus: { prox: 24 },
          ...(sync ? { sync: { key: sync } } : {}),
        },
        focus: { alpha: 0.35 },
        scales: {
          x: { time: xKind === "time" },
          y: {
            distr: isLog ? 3 : 1,
            ...(isLog ? {} : { range: (_: uPlot, low: number, high: number) => padded(low, high, props.from, props.to) }),
          },
        },
        axes: [
          {
            ...axis,
            size: 28,
            grid: { show: false },
            space: 70,
            ...(xKind === "time" ? { values: timeMarks } : isWhole ? { incrs: WHOLE } : {}),
          },
          {
            ...axis,
            size: (_, values) => 14 + 6.4 * Math.max(3, ...(values ?? []).map((value) => value.length)),
            values: (_, marks) => markTexts(marks, valueName),
            space: isShort ? 24 : 36,
            ...(isDuration ? { incrs: DURATIONS } : {}),
          },
        ],
        series: [
          {},
          ...series.map(
            (each, index): uPlot.Series => ({
              label: each.name,
              stroke: colour(`--series-${each.colour ?? (index % COLOURS) + 1}`),
              width: 1.75,
              spanGaps: !props.hasGaps,
              show: !hidden.has(each.name),
              points: props.hasGaps
                ? { show: true, size: 5, filter: (chart, place) => lonely(chart.data[place] ?? []) }
                : { show: each.xs.length <= FEW, size: 5 },
              ...(each.isDashed ? { dash: [5, 4] } : {}),
            }),
          ),
        ],
        hooks: {
          setCursor: [(chart) => setAt(chart.cursor.idx ?? null)],
          setSelect: [(chart) => (isZoomed.current = chart.select.width > 0)],
          draw: [(chart) => drawMarks(chart, now.current.marks ?? [])],
        },
      },
      data,
      place,
    );
    plot.current = made;
    isZoomed.current = false;
    const whole = () => (isZoomed.current = false);
    made.over.addEventListener("dblclick", whole, { capture: true });
    const size = new ResizeObserver(() => made.setSize({ width: place.clientWidth, height }));
    size.observe(place);
    return () => {
      size.disconnect();
      made.destroy();
      plot.current = null;
    };
    // New points are handed over below; these rebuild it.
  }, [theme, names, height, isLog, xKind, isWhole, sync, props.from, props.to]);
  useEffect(() => {
    const chart = plot.current;
    // What somebody looks at closely stays where it is while new points come.
    chart?.setData(data, !isZoomed.current);
    if (isZoomed.current) chart?.redraw(true, true);
  }, [data, props.marks]);
  useEffect(() => {
    for (const [index, { name }] of series.entries()) plot.current?.setSeries(index + 1, { show: !hidden.has(name) });
  }, [hidden, names]);

  const x = at === null ? undefined : data[0][at];
  return (
    <figure className="chart" aria-label={title}>
      <figcaption>
        <span className="strong cut">{title}</span>
        <span className="faint number">
          {x !== undefined && (xKind === "time" ? exactTime(x) : `${xName ?? "x"} ${valueText(x)}`)}
        </span>
      </figcaption>
      <div ref={box} className="chart-box" role="img" aria-label={described(props)} />
      {series.length > 1 && (
        <ul className="chart-legend">
          {series.map((each, index) => (
            <li key={each.name}>
              <button
                type="button"
                aria-pressed={!hidden.has(each.name)}
                title="Show or hide; with Shift: only this one"
                onClick={(event) => setHidden(toggled(hidden, each.name, series, event.shiftKey))}
              >
                <span className={`chart-key series-${each.colour ?? (index % COLOURS) + 1}${each.isDashed ? " dashed" : ""}`} />
                <span className="cut">{each.name}</span>
                <span className="number muted">{valueNow(data, index, at, valueName)}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
      {series.length === 1 && at !== null && <p className="chart-now number">{valueNow(data, 0, at, valueName)}</p>}
    </figure>
  );
}

/** Give the places of values between two gaps: no line leads to them. */
export function lonely(column: ArrayLike<number | null | undefined>): number[] {
  const isThere = (place: number) => typeof column[place] === "number";
  return Array.from(column, (_, place) => place).filter((place) => isThere(place) && !isThere(place - 1) && !isThere(place + 1));
}

function drawMarks(chart: uPlot, marks: readonly ChartMark[]): void {
  const { left, top, width, height } = chart.bbox;
  const { ctx } = chart;
  const ratio = devicePixelRatio;
  let free = left;
  ctx.save();
  ctx.font = `${10.5 * ratio}px ${colour("--font")}`;
  ctx.textAlign = "left";
  ctx.textBaseline = "alphabetic";
  ctx.lineWidth = ratio;
  ctx.setLineDash([3 * ratio, 3 * ratio]);
  for (const { x, name, isBad } of marks) {
    const at = Math.round(chart.valToPos(x, "x", true));
    if (at < left || at > left + width) continue;
    ctx.strokeStyle = ctx.fillStyle = colour(isBad ? "--bad" : "--muted");
    ctx.beginPath();
    ctx.moveTo(at, top);
    ctx.lineTo(at, top + height);
    ctx.stroke();
    const room = ctx.measureText(name).width;
    const begin = Math.min(at + 4 * ratio, left + width - room);
    if (begin < free) continue;
    ctx.fillText(name, begin, top + 10 * ratio);
    free = begin + room + 8 * ratio;
  }
  ctx.restore();
}

/** Put series with different xs on one rising x. */
export function joined(series: readonly Series[]): [number[], ...(number | null)[][]] {
  const [only] = series;
  if (series.length === 1 && only) return [[...only.xs], [...only.ys]];
  const xs = [...new Set(series.flatMap((each) => each.xs))].sort((one, other) => one - other);
  const place = new Map(xs.map((x, index) => [x, index]));
  const columns = series.map((each) => {
    const column = new Array<number | null>(xs.length).fill(null);
    for (const [index, x] of each.xs.entries()) column[place.get(x) ?? 0] = each.ys[index] ?? null;
    return column;
  });
  return [xs, ...columns];
}

function toggled(
  hidden: ReadonlySet<string>,
  name: string,
  series: readonly Series[],
  isAlone: boolean,
): ReadonlySet<string> {
  if (isAlone) {
    const others = series.map((each) => each.name).filter((each) => each !== name);
    return new Set(others.every((each) => hidden.has(each)) && !hidden.has(name) ? [] : others);
  }
  const next = new Set(hidden);
  if (!next.delete(name)) next.add(name);
  return next;
}

function valueNow(
  data: readonly (readonly (number | null)[])[],
  index: number,
  at: number | null,
  say: (value: number) => string,
): string {
  const column = data[index + 1] ?? [];
  const value = at === null ? column.findLast((each) => each !== null) : column[at];
  return typeof value === "number" ? say(value) : "";
}

function padded(low: number, high: number, from?: number, to?: number): [number, number] {
  if (low === null || high === null) return [from ?? 0, to ?? 1];
  const least = Math.min(low, from ?? low);
  const most = Math.max(high, to ?? high);
  const room = (most - least || Math.abs(most) || 1) * 0.06;
  return [from === least ? least : least - room, to === most ? most : most + room];
}

/** Say the marks of an axis; those that read the same get as many digits as tell them apart. */
export function markTexts(marks: readonly (number | null)[], say: (value: number) => string): string[] {
  const texts = marks.map((mark) => (mark === null ? "" : say(mark)));
  const known = marks.filter((mark) => mark !== null);
  if (new Set(texts).size === texts.length || known.length < 2) return texts;
  const step = Math.min(...known.slice(1).map((mark, index) => Math.abs(mark - (known[index] ?? 0))));
  const digits = Math.min(12, Math.max(0, Math.ceil(-Math.log10(step))));
  const unit = /^-?[\d.]+( ?[a-z%]+)$/i.exec(texts.find(Boolean) ?? "")?.[1] ?? "";
  return unit === " s" || unit === "" ? marks.map((mark) => (mark === null ? "" : `${mark.toFixed(digits)}${unit}`)) : texts;
}

function timeMarks(_: uPlot, marks: number[]): string[] {
  return marks.map((mark, index) => {
    const day = dateText(mark);
    const before = marks[index - 1];
    const isNewDay = before === undefined || dateText(before) !== day;
    return clockTime(mark) === "00:00" || (isNewDay && index > 0) ? day.slice(5) : clockTime(mark);
  });
}

function described({ title, series }: ChartProps): string {
  const parts = series.slice(0, 8).map((each) => {
    const last = each.ys.findLast((value) => value !== null);
    return `${each.name} ${last === undefined || last === null ? "empty" : `last ${valueText(last)}`}`;
  });
  return `${title}: ${parts.join(", ")}${series.length > 8 ? ` and ${series.length - 8} more` : ""}`;
}
