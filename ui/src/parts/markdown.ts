/** Reads the part of Markdown that notes and descriptions use, into a tree; nothing of it is ever HTML. */

export type Inline =
  | { readonly kind: "text" | "code"; readonly text: string }
  | { readonly kind: "strong" | "emphasis"; readonly parts: readonly Inline[] }
  | { readonly kind: "link"; readonly to: string; readonly parts: readonly Inline[] };

export type Block =
  | { readonly kind: "heading"; readonly level: number; readonly parts: readonly Inline[] }
  | { readonly kind: "paragraph" | "quote"; readonly parts: readonly Inline[] }
  | { readonly kind: "code"; readonly text: string }
  | { readonly kind: "list"; readonly isNumbered: boolean; readonly items: readonly (readonly Inline[])[] }
  | { readonly kind: "table"; readonly rows: readonly (readonly (readonly Inline[])[])[] }
  | { readonly kind: "rule" };

/** Cut a text into blocks. */
export function parseMarkdown(text: string): Block[] {
  const lines = text.replace(/\r\n?/g, "\n").split("\n");
  const blocks: Block[] = [];
  let at = 0;
  const takeWhile = (fits: (line: string) => boolean) => {
    const taken: string[] = [];
    while (at < lines.length && fits(lines[at] ?? "")) taken.push(lines[at++] ?? "");
    return taken;
  };
  while (at < lines.length) {
    const line = lines[at] ?? "";
    const heading = /^(#{1,6})\s+(.*?)\s*#*$/.exec(line);
    if (line.trim() === "") at += 1;
    else if (/^\s*(```|~~~)/.test(line)) {
      const fence = line.trim().slice(0, 3);
      at += 1;
      blocks.push({ kind: "code", text: takeWhile((each) => !each.trim().startsWith(fence)).join("\n") });
      at += 1;
    } else if (heading) {
      at += 1;
      blocks.push({ kind: "heading", level: heading[1]?.length ?? 1, parts: parseInline(heading[2] ?? "") });
    } else if (/^\s*([-*_])(\s*\1){2,}\s*$/.test(line)) {
      at += 1;
      blocks.push({ kind: "rule" });
    } else if (/^\s*>/.test(line)) {
      const quoted = takeWhile((each) => /^\s*>/.test(each)).map((each) => each.replace(/^\s*>\s?/, ""));
      blocks.push({ kind: "quote", parts: parseInline(quoted.join(" ")) });
    } else if (ITEM.test(line)) {
      blocks.push({ kind: "list", isNumbered: /^\s*\d/.test(line), items: itemsOf(takeWhile((each) => each.trim() !== "")) });
    } else if (/^\s*\|.*\|\s*$/.test(line)) {
      blocks.push({ kind: "table", rows: cellsOf(takeWhile((each) => /^\s*\|/.test(each))) });
    } else {
      const words = takeWhile((each) => each.trim() !== "" && !/^(#{1,6}\s|\s*```|\s*>)/.test(each) && !ITEM.test(each));
      if (words.length === 0) words.push(lines[at++] ?? "");
      blocks.push({ kind: "paragraph", parts: parseInline(words.join(" ")) });
    }
  }
  return blocks;
}

const ITEM = /^\s*(?:[-*+]|\d{1,9}[.)])\s+/;
const INLINE =
  /(`+)(.+?)\1|\*\*(.+?)\*\*|__(.+?)__|\*([^\s*](?:.*?[^\s*])?)\*|\b_([^\s_](?:.*?[^\s_])?)_\b|\[([^\]]+)\]\(([^)\s]+)\)|(https?:\/\/[^\s<>()]+[^\s<>().,;:!?])/;

/** Cut one line into its parts. */
export function parseInline(text: string, depth = 0): Inline[] {
  const parts: Inline[] = [];
  let rest = text;
  const inner = (part: string) => (depth > 6 ? [{ kind: "text" as const, text: part }] : parseInline(part, depth + 1));
  for (let match = INLINE.exec(rest); match; match = INLINE.exec(rest)) {
    if (match.index > 0) parts.push({ kind: "text", text: rest.slice(0, match.index) });
    const [whole, , code, strong, heavy, emphasis, slanted, name, address, bare] = match;
    if (code !== undefined) parts.push({ kind: "code", text: code.trim() });
    else if (strong ?? heavy) parts.push({ kind: "strong", parts: inner(strong ?? heavy ?? "") });
    else if (emphasis ?? slanted) parts.push({ kind: "emphasis", parts: inner(emphasis ?? slanted ?? "") });
    else if (name !== undefined && address !== undefined && isSafe(address)) {
      parts.push({ kind: "link", to: address, parts: inner(name) });
    } else if (bare !== undefined) parts.push({ kind: "link", to: bare, parts: [{ kind: "text", text: bare }] });
    else parts.push({ kind: "text", text: whole });
    rest = rest.slice(match.index + whole.length);
  }
  if (rest) parts.push({ kind: "text", text: rest });
  return parts;
}

/** Only the web, mail and this page's own addresses; never `javascript:` and the like. */
export function isSafe(address: string): boolean {
  return /^(https?:\/\/|mailto:|#)/i.test(address) || /^\/(?![/\\])/.test(address);
}

function itemsOf(lines: readonly string[]): Inline[][] {
  const items: string[] = [];
  for (const line of lines) {
    if (ITEM.test(line)) items.push(line.replace(ITEM, ""));
    else items.push(`${items.pop() ?? ""} ${line.trim()}`);
  }
  return items.map((item) => parseInline(item));
}

function cellsOf(lines: readonly string[]): Inline[][][] {
  return lines
    .filter((line) => !/^[\s|:-]+$/.test(line))
    .map((line) =>
      line
        .trim()
        .replace(/^\||\|$/g, "")
        .split("|")
        .map((cell) => parseInline(cell.trim())),
    );
}
