/** The difference of two texts by lines: the shortest way from one to the other (E. Myers, 1986). */

export interface DiffLine {
  readonly kind: "same" | "gone" | "new";
  readonly text: string;
  /** Numbers from 1 in the two texts; null where the line is not in it. */
  readonly before: number | null;
  readonly after: number | null;
}

/** Beyond so many differing lines the texts count as two different ones. */
const MOST_EDITS = 3000;

/** Give all lines of both texts in order, each once when it is in both. */
export function diffLines(before: string, after: string): DiffLine[] {
  const old = linesOf(before);
  const fresh = linesOf(after);
  let head = 0;
  while (head < old.length && head < fresh.length && old[head] === fresh[head]) head += 1;
  let tail = 0;
  while (tail < old.length - head && tail < fresh.length - head && old.at(-1 - tail) === fresh.at(-1 - tail)) tail += 1;
  const kinds = editsOf(old.slice(head, old.length - tail), fresh.slice(head, fresh.length - tail));
  const lines: DiffLine[] = [];
  let at = 0;
  let to = 0;
  const add = (kind: DiffLine["kind"]) => {
    const text = (kind === "new" ? fresh[to] : old[at]) ?? "";
    lines.push({ kind, text, before: kind === "new" ? null : at + 1, after: kind === "gone" ? null : to + 1 });
    if (kind !== "new") at += 1;
    if (kind !== "gone") to += 1;
  };
  for (let index = 0; index < head; index += 1) add("same");
  kinds.forEach(add);
  for (let index = 0; index < tail; index += 1) add("same");
  return lines;
}

/** Lines that are shown together; what lies between is the same in both and left out. */
export interface Hunk {
  readonly lines: readonly DiffLine[];
  /** Lines left out before it. */
  readonly skipped: number;
}

/** Keep the changed lines with some around them. */
export function hunksOf(lines: readonly DiffLine[], around = 3): Hunk[] {
  const near = new Array<boolean>(lines.length).fill(false);
  for (const [index, { kind }] of lines.entries()) {
    if (kind === "same") continue;
    for (let at = Math.max(0, index - around); at <= Math.min(lines.length - 1, index + around); at += 1) near[at] = true;
  }
  const hunks: Hunk[] = [];
  let skipped = 0;
  let current: DiffLine[] = [];
  for (const [index, line] of lines.entries()) {
    if (near[index]) {
      current.push(line);
      continue;
    }
    if (current.length > 0) {
      hunks.push({ lines: current, skipped });
      current = [];
      skipped = 0;
    }
    skipped += 1;
  }
  if (current.length > 0) hunks.push({ lines: current, skipped });
  return hunks;
}

function linesOf(text: string): string[] {
  if (text === "") return [];
  const lines = text.split(/\r\n|\n/);
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

function editsOf(old: readonly string[], fresh: readonly string[]): DiffLine["kind"][] {
  const all = old.length + fresh.length;
  const whole = (): DiffLine["kind"][] => [...old.map((): "gone" => "gone"), ...fresh.map((): "new" => "new")];
  if (old.length === 0 || fresh.length === 0) return whole();
  const most = Math.min(all, MOST_EDITS);
  const reach = new Int32Array(2 * most + 2);
  const trace: Int32Array[] = [];
  for (let edits = 0; edits <= most; edits += 1) {
    trace.push(reach.slice(most - edits, most + edits + 2));
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      const isDown = diagonal === -edits || (diagonal !== edits && get(reach, most + diagonal - 1) < get(reach, most + diagonal + 1));
      let x = isDown ? get(reach, most + diagonal + 1) : get(reach, most + diagonal - 1) + 1;
      let y = x - diagonal;
      while (x < old.length && y < fresh.length && old[x] === fresh[y]) {
        x += 1;
        y += 1;
      }
      reach[most + diagonal] = x;
      if (x >= old.length && y >= fresh.length) return walkedBack(trace, old.length, fresh.length);
    }
  }
  return whole();
}

function walkedBack(trace: readonly Int32Array[], x: number, y: number): DiffLine["kind"][] {
  const kinds: DiffLine["kind"][] = [];
  for (let edits = trace.length - 1; edits > 0; edits -= 1) {
    const reach = trace[edits] ?? new Int32Array();
    const at = (diagonal: number) => get(reach, diagonal + edits);
    const diagonal = x - y;
    const isDown = diagonal === -edits || (diagonal !== edits && at(diagonal - 1) < at(diagonal + 1));
    const from = isDown ? diagonal + 1 : diagonal - 1;
    const startX = at(from);
    const startY = startX - from;
    while (x > startX && y > startY) {
      // Diagonal moves after the edit; the edit itself is one step down or right.
      if (isDown ? x > startX && y > startY + 1 : x > startX + 1 && y > startY) {
        kinds.push("same");
        x -= 1;
        y -= 1;
      } else break;
    }
    kinds.push(isDown ? "new" : "gone");
    x = startX;
    y = startY;
  }
  while (x > 0 && y > 0) {
    kinds.push("same");
    x -= 1;
    y -= 1;
  }
  return kinds.reverse();
}

function get(array: Int32Array, index: number): number {
  return array[index] ?? 0;
}
