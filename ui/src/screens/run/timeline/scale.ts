/** Time on the horizontal axis: where a moment is drawn, which moment lies under the pointer, how to zoom. */

/** What is shown of the time, in seconds, from left to right. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

/** Nobody zooms in further than this many seconds. */
const LEAST_SECONDS = 0.002;

/** Where a moment lies, in pixels. */
export function xOf(at: number, window: Window, width: number): number {
  return ((at - window.from) / (window.to - window.from)) * width;
}

/** Which moment lies at a pixel. */
export function timeAt(x: number, window: Window, width: number): number {
  return window.from + (x / width) * (window.to - window.from);
}

/** Make the window `factor` times as long (less than 1 zooms in), keeping one moment where it is. */
export function zoom(window: Window, factor: number, around: number, whole: Window): Window {
  const length = Math.max(LEAST_SECONDS, (window.to - window.from) * factor);
  if (length >= whole.to - whole.from) return whole;
  const share = (around - window.from) / (window.to - window.from);
  return kept({ from: around - share * length, to: around + (1 - share) * length }, whole);
}

/** Move the window by some seconds, no further than the whole. */
export function pan(window: Window, seconds: number, whole: Window): Window {
  return kept({ from: window.from + seconds, to: window.to + seconds }, whole);
}

function kept(window: Window, whole: Window): Window {
  const length = window.to - window.from;
  if (window.from < whole.from) return { from: whole.from, to: Math.min(whole.to, whole.from + length) };
  if (window.to > whole.to) return { from: Math.max(whole.from, whole.to - length), to: whole.to };
  return window;
}

const STEPS = [
  0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200,
  10800, 21600, 43200, 86400,
];

/** A mark on the axis. */
export interface Tick {
  readonly at: number;
  /** How long after the start: `0`, `2.5 s`, `1:30`, `2:00:00`. */
  readonly text: string;
}

/** Give round marks about `apart` pixels from each other, counted from the start of the run. */
export function ticksOf(window: Window, width: number, start: number, apart = 90): Tick[] {
  const wanted = ((window.to - window.from) / Math.max(1, width)) * apart;
  const step = STEPS.find((each) => each >= wanted) ?? Math.ceil(wanted / 86400) * 86400;
  const ticks: Tick[] = [];
  for (let index = Math.ceil((window.from - start) / step - 1e-9); start + index * step <= window.to; index++) {
    ticks.push({ at: start + index * step, text: sinceText(index * step, step) });
  }
  return ticks;
}

function sinceText(seconds: number, step: number): string {
  if (seconds === 0) return "0";
  if (step < 1) return `${trimmed(seconds, step < 0.01 ? 3 : step < 0.1 ? 2 : 1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const shown = parts[0] ? parts : parts.slice(1);
  return shown.map((part, index) => (index ? String(part).padStart(2, "0") : String(part))).join(":");
}

function trimmed(seconds: number, digits: number): string {
  return String(Number(seconds.toFixed(digits)));
}
