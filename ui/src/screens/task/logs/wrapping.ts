/** How high lines are when they are wrapped: all letters are equally wide, so that it can be worked out without drawing. */

import { plainText } from "@/parts/ansi";

/** Give how many rows a text takes in so many columns. */
export function rowsOf(text: string, columns: number): number {
  if (text.length <= columns && !/[^\u0000-\u10ff]/.test(text)) return 1;
  let used = 0;
  let rows = 1;
  for (const letter of plainText(text)) {
    const wide = letter === "\t" ? 8 - (used % 8) : (letter.codePointAt(0) ?? 0) >= 0x1100 ? 2 : 1;
    if (used + wide > columns) {
      rows += 1;
      used = 0;
    }
    used += wide;
  }
  return rows;
}

/** Where each line begins, in rows, and where the last one ends. */
export function heightsOf(texts: Iterable<string>, columns: number | null): Int32Array {
  const starts: number[] = [0];
  let at = 0;
  for (const text of texts) {
    at += columns === null ? 1 : rowsOf(text, columns);
    starts.push(at);
  }
  return Int32Array.from(starts);
}

/** Which line a row belongs to. */
export function lineAt(starts: Int32Array, row: number): number {
  let low = 0;
  let high = starts.length - 2;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((starts[middle] ?? 0) <= row) low = middle;
    else high = middle - 1;
  }
  return Math.max(0, low);
}
