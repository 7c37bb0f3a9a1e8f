/** Times and pixels of a timeline. */

export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Steps of a scale of time, in seconds. */
const STEPS = [
  0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200,
  10800, 21600, 43200, 86400, 172800, 604800,
];

/** Where to draw marks, in seconds since the start: at most one in `room` pixels. */
export function marksOf(span: Span, width: number, room = 90): number[] {
  const length = span.to - span.from;
  if (length <= 0 || width <= 0) return [];
  const least = (length / width) * room;
  const step = STEPS.find((each) => each >= least) ?? Math.ceil(least / 604800) * 604800;
  const marks: number[] = [];
  for (let at = Math.ceil(span.from / step - 1e-9) * step; at <= span.to + 1e-9; at += step) marks.push(Number(at.toFixed(6)));
  return marks;
}

/** Enlarge or shrink what is shown around a point, never beyond the whole. */
export function zoomedSpan(span: Span, whole: Span, factor: number, at: number): Span {
  const length = Math.min(whole.to - whole.from, Math.max((whole.to - whole.from) / 1e5, 0.002, (span.to - span.from) / factor));
  const share = (at - span.from) / (span.to - span.from || 1);
  return clamped({ from: at - share * length, to: at - share * length + length }, whole);
}

/** Move what is shown, never beyond the whole. */
export function movedSpan(span: Span, whole: Span, by: number): Span {
  return clamped({ from: span.from + by, to: span.to + by }, whole);
}

function clamped(span: Span, whole: Span): Span {
  const length = Math.min(span.to - span.from, whole.to - whole.from);
  const from = Math.max(whole.from, Math.min(span.from, whole.to - length));
  return { from, to: from + length };
}
