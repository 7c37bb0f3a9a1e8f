/** How many attempts wait and run at each moment: what a closed step and the strip above the rows show. */

import type { TaskLine } from "./spans";
import type { Window } from "./scale";

/** Averages over each bin of a window. */
export interface Busy {
  readonly running: Float32Array;
  readonly waiting: Float32Array;
  /** Of attempts that failed, as part of those that ran. */
  readonly failed: Float32Array;
  readonly peakRunning: number;
  readonly peakWaiting: number;
}

/** Count what runs and waits over a window cut into bins; one pass over the tasks, whatever the number of bins. */
export function busyOf(tasks: readonly TaskLine[], window: Window, bins: number, now: number): Busy {
  const running = new Steps(window, bins);
  const waiting = new Steps(window, bins);
  const failed = new Steps(window, bins);
  for (const { attempts } of tasks) {
    let before = 0;
    for (const span of attempts) {
      if (span.isReused) continue;
      const end = span.finished ?? now;
      running.add(span.started, end);
      if (span.status === "failed" || span.status === "retrying" || span.status === "caught")
        failed.add(span.started, end);
      if (span.ready) waiting.add(Math.max(span.ready, before), span.started);
      before = end;
    }
  }
  const found = { running: running.averages(), waiting: waiting.averages(), failed: failed.averages() };
  return { ...found, peakRunning: highest(found.running), peakWaiting: highest(found.waiting) };
}

function highest(values: Float32Array): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}

interface Kept {
  readonly asked: string;
  readonly busy: Busy;
}

const KEPT = new WeakMap<readonly TaskLine[], Kept>();

/** As `busyOf`, remembering the latest answer about each list: scrolling asks for the same again. */
export function keptBusy(tasks: readonly TaskLine[], window: Window, bins: number, now: number): Busy {
  const asked = `${window.from} ${window.to} ${bins} ${now}`;
  const known = KEPT.get(tasks);
  if (known?.asked === asked) return known.busy;
  const busy = busyOf(tasks, window, bins, now);
  KEPT.set(tasks, { asked, busy });
  return busy;
}

/** Sums of stretches of time per bin: whole bins by differences, the cut ones at both ends by their share. */
class Steps {
  private readonly partial: Float64Array;
  private readonly change: Float64Array;

  constructor(
    private readonly window: Window,
    private readonly bins: number,
  ) {
    this.partial = new Float64Array(bins);
    this.change = new Float64Array(bins + 1);
  }

  add(from: number, to: number): void {
    const scale = this.bins / (this.window.to - this.window.from);
    const first = Math.max(0, (from - this.window.from) * scale);
    const last = Math.min(this.bins, (to - this.window.from) * scale);
    if (!(last > first)) return;
    const firstBin = Math.floor(first);
    const lastBin = Math.min(this.bins - 1, Math.floor(last));
    if (firstBin === lastBin) {
      this.partial[firstBin] = (this.partial[firstBin] ?? 0) + last - first;
      return;
    }
    this.partial[firstBin] = (this.partial[firstBin] ?? 0) + firstBin + 1 - first;
    this.partial[lastBin] = (this.partial[lastBin] ?? 0) + last - lastBin;
    this.change[firstBin + 1] = (this.change[firstBin + 1] ?? 0) + 1;
    this.change[lastBin] = (this.change[lastBin] ?? 0) - 1;
  }

  averages(): Float32Array {
    const found = new Float32Array(this.bins);
    let level = 0;
    for (let bin = 0; bin < this.bins; bin++) {
      level += this.change[bin] ?? 0;
      found[bin] = level + (this.partial[bin] ?? 0);
    }
    return found;
  }
}
