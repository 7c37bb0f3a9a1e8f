/** Colours for code: enough of Python's grammar to tell words, texts, numbers and remarks apart. */

export interface Token {
  readonly text: string;
  readonly kind: "" | "word" | "text" | "number" | "remark" | "decorator" | "name";
}

const WORDS = new Set(
  (
    "False None True and as assert async await break case class continue def del elif else except finally for from " +
    "global if import in is lambda match nonlocal not or pass raise return try type while with yield self"
  ).split(" "),
);
const PIECE =
  /(#.*)|((?:\b[rbfuRBFU]{1,2})?(?:"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?))|(@[\w.]+)|(\b\d[\w.]*\b)|([^\W\d]\w*)/gu;
const LONG = /(?:\b[rbfuRBFU]{1,2})?("""|''')/;

/** Cut each line of Python into tokens; texts of several lines are followed. */
export function highlightPython(lines: readonly string[]): Token[][] {
  let quotes = "";
  return lines.map((line) => {
    const tokens: Token[] = [];
    let rest = line;
    while (rest !== "") {
      if (quotes) {
        const end = rest.indexOf(quotes);
        const cut = end < 0 ? rest.length : end + quotes.length;
        tokens.push({ text: rest.slice(0, cut), kind: "text" });
        rest = rest.slice(cut);
        if (end >= 0) quotes = "";
        continue;
      }
      const start = longStart(rest);
      if (!start) {
        tokens.push(...tokensOf(rest));
        break;
      }
      tokens.push(...tokensOf(rest.slice(0, start.index)), { text: start.text, kind: "text" });
      rest = rest.slice(start.index + start.text.length);
      quotes = start.quotes;
    }
    return tokens;
  });
}

function longStart(line: string): { index: number; text: string; quotes: string } | null {
  const match = LONG.exec(line);
  if (!match?.[1]) return null;
  const remark = tokensOf(line.slice(0, match.index)).some(({ kind }) => kind === "remark");
  return remark ? null : { index: match.index, text: match[0], quotes: match[1] };
}

function tokensOf(line: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let wasDef = false;
  for (const match of line.matchAll(PIECE)) {
    if (match.index > at) tokens.push({ text: line.slice(at, match.index), kind: "" });
    at = match.index + match[0].length;
    const [text, remark, quoted, decorator, number, word] = match;
    const isWord = word !== undefined && WORDS.has(word);
    const kind = remark ? "remark" : quoted ? "text" : decorator ? "decorator" : number ? "number" : "";
    tokens.push({ text, kind: kind || (isWord ? "word" : wasDef ? "name" : "") });
    wasDef = word === "def" || word === "class";
  }
  if (at < line.length) tokens.push({ text: line.slice(at), kind: "" });
  return tokens;
}
