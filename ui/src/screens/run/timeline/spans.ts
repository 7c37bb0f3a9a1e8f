/** What a timeline shows: one span for each attempt of each task, kept by task. */

/** One attempt, in Unix seconds. */
export interface Span {
  readonly label: number;
  readonly step: string;
  readonly key: string;
  readonly status: string;
  /** From 0. */
  readonly attempt: number;
  /** When it became ready; 0 when that is not known. */
  readonly ready: number;
  readonly started: number;
  /** None while it runs. */
  readonly finished: number | null;
  readonly isReused: boolean;
}

/** One task with its attempts, the first one first. */
export interface TaskLine {
  readonly label: number;
  readonly step: string;
  readonly key: string;
  readonly attempts: readonly Span[];
  /** On the path that decided how long the run took. */
  readonly isCritical: boolean;
}

/** The tasks of a run by number; `merge` makes a new list only of the tasks that changed. */
export class SpanList {
  private readonly lines = new Map<number, TaskLine>();
  private ordered: readonly TaskLine[] | null = [];
  private critical: ReadonlySet<number> = new Set();

  /** All tasks, by step in the order of their first task, then by number. */
  get tasks(): readonly TaskLine[] {
    this.ordered ??= [...this.lines.values()].sort((one, other) => one.label - other.label);
    return this.ordered;
  }

  get size(): number {
    return this.lines.size;
  }

  /** Take in what came; a span of an attempt that is known replaces it. Gives whether anything changed. */
  merge(spans: Iterable<Span>): boolean {
    let isChanged = false;
    for (const span of spans) {
      const line = this.lines.get(span.label);
      const known = line?.attempts.find((each) => each.attempt === span.attempt);
      if (known && isSame(known, span)) continue;
      const others = line ? line.attempts.filter((each) => each.attempt !== span.attempt) : [];
      const attempts = [...others, span].sort((one, other) => one.attempt - other.attempt);
      this.put(span, attempts);
      isChanged = true;
    }
    if (isChanged) this.ordered = null;
    return isChanged;
  }

  /** Say which tasks, by number, are on the critical path. */
  mark(critical: ReadonlySet<number>): void {
    this.critical = critical;
    for (const [label, line] of this.lines) {
      if (line.isCritical !== critical.has(label)) this.lines.set(label, { ...line, isCritical: !line.isCritical });
    }
    this.ordered = null;
  }

  /** The first moment anything was ready and the last that is known; null when there is nothing. */
  extent(now: number): readonly [number, number] | null {
    let first = Infinity;
    let last = -Infinity;
    for (const { attempts } of this.lines.values()) {
      for (const span of attempts) {
        if (span.isReused) continue;
        first = Math.min(first, span.ready || span.started);
        last = Math.max(last, span.finished ?? now);
      }
    }
    return first <= last ? [first, last] : null;
  }

  private put(span: Span, attempts: readonly Span[]): void {
    const { label, step, key } = span;
    this.lines.set(label, { label, step, key, attempts, isCritical: this.critical.has(label) });
  }
}

function isSame(one: Span, other: Span): boolean {
  return one.status === other.status && one.finished === other.finished && one.started === other.started;
}

/** The state of a task: that of its last attempt. */
export function statusOf(line: TaskLine): string {
  const last = line.attempts.at(-1);
  return last?.isReused ? "reused" : (last?.status ?? "queued");
}
