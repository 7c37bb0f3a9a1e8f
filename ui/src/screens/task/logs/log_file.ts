/** A window on a log file of any size: the lines between two offsets, grown at both ends, cut where it gets too long. */

import type { LogPage, LogRow } from "@/api/schema";

export type { LogPage, LogRow } from "@/api/schema";

/** So many lines are kept; a hundred megabytes of log never are. */
export const MOST_LINES = 20_000;
const LONGEST = 100_000;

/** The window. `lines` is a new list after every change. */
export class LogFile {
  lines: readonly LogRow[] = [];
  /** Offsets between which all lines are here. */
  begin = 0;
  end = 0;
  size = 0;
  isOver = false;

  /** Begin anew with a part. */
  open({ rows, begin, end, size, is_over }: LogPage): void {
    this.lines = joined(rows);
    this.begin = begin;
    this.end = end;
    this.size = size;
    this.isOver = is_over;
  }

  /** Add what comes behind; gives how many lines were dropped in front. */
  append(rows: readonly LogRow[], end: number): number {
    const fresh = rows.filter(({ offset }) => offset >= this.end);
    this.end = Math.max(this.end, end);
    this.size = Math.max(this.size, this.end);
    const all = joined(fresh, this.lines);
    const over = Math.max(0, all.length - MOST_LINES);
    this.lines = over > 0 ? all.slice(over) : all;
    if (over > 0) this.begin = this.lines[0]?.offset ?? this.end;
    return over;
  }

  /** Add what comes before; gives how many lines were added. */
  prepend(rows: readonly LogRow[], begin: number): number {
    const fresh = joined(rows.filter(({ offset }) => offset < this.begin));
    this.begin = Math.min(this.begin, begin);
    const all = [...fresh, ...this.lines];
    if (all.length > MOST_LINES) {
      const dropped = all[MOST_LINES];
      this.end = dropped?.offset ?? this.end;
      all.length = MOST_LINES;
    }
    this.lines = all;
    return fresh.length;
  }

  get isAtStart(): boolean {
    return this.begin === 0;
  }

  get isAtEnd(): boolean {
    return this.end >= this.size;
  }

  /** Which line an offset lies in; -1 when it is outside. */
  indexOf(offset: number): number {
    if (offset < this.begin || offset >= this.end) return -1;
    let low = 0;
    let high = this.lines.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.lines[middle]?.offset ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return this.lines.length > 0 ? low : -1;
  }
}

/** Put pieces of lines together, after the lines that were before them. */
function joined(rows: readonly LogRow[], before: readonly LogRow[] = []): LogRow[] {
  const lines = [...before];
  for (const row of rows) {
    const at = latestOf(lines, row.stream);
    const open = lines[at];
    if (open && !open.is_complete && open.text.length < LONGEST)
      lines[at] = { ...open, text: open.text + row.text, is_complete: row.is_complete };
    else lines.push(row);
  }
  return lines;
}

/** The latest line of a stream among the last ones; -1 when there is none. */
function latestOf(lines: readonly LogRow[], stream: string): number {
  for (let at = lines.length - 1; at >= Math.max(0, lines.length - 50); at--)
    if (lines[at]?.stream === stream) return at;
  return -1;
}
