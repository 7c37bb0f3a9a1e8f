/** Finding a text in lines of a log. */

import type { Span } from "@/parts/ansi";

/** Cut spans where the text is found; the cut pieces get the class `found`. */
export function markFound(spans: readonly Span[], wanted: string): Span[] {
  if (!wanted) return [...spans];
  const fold = foldFor(wanted);
  const whole = fold(spans.map(({ text }) => text).join(""));
  const sought = fold(wanted);
  const ranges: [number, number][] = [];
  for (let at = whole.indexOf(sought); at >= 0; at = whole.indexOf(sought, at + sought.length)) {
    ranges.push([at, at + sought.length]);
  }
  if (ranges.length === 0) return [...spans];
  const marked: Span[] = [];
  let start = 0;
  for (const { text, className } of spans) {
    let at = 0;
    for (const [from, to] of ranges) {
      const first = Math.max(from - start, at);
      const last = Math.min(to - start, text.length);
      if (first >= last) continue;
      if (first > at) marked.push({ text: text.slice(at, first), className });
      marked.push({ text: text.slice(first, last), className: `${className} found`.trim() });
      at = last;
    }
    if (at < text.length) marked.push({ text: text.slice(at), className });
    start += text.length;
  }
  return marked;
}

/** Lower case, as long as that keeps the places of the letters. */
function foldFor(wanted: string): (text: string) => string {
  if (wanted !== wanted.toLowerCase()) return (text) => text;
  return (text) => {
    const lower = text.toLowerCase();
    return lower.length === text.length ? lower : text;
  };
}
