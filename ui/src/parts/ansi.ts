/** Colours that programs write into their output (ECMA-48 "select graphic rendition"); all other controls are left out. */

export interface Span {
  readonly text: string;
  /** CSS classes: `ansi-1`, `ansi-bold` ...; empty for plain text. */
  readonly className: string;
}

interface Style {
  colour: string;
  back: string;
  isBold: boolean;
  isFaint: boolean;
  isItalic: boolean;
  isUnderlined: boolean;
}

const PLAIN: Style = { colour: "", back: "", isBold: false, isFaint: false, isItalic: false, isUnderlined: false };
// The introducer of a control sequence, its parameters and final letter; or another escape; or a lone control.
const CONTROL = /\u001b\[([0-9;:?]*)[ -/]*([@-~])|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b[ -/]*[0-~]?|[\u0000-\u0008\u000b-\u001f\u007f]/g;

/** Cut a line into spans of one style. What a carriage return went back over is left out: a bar shows its last state. */
export function parseAnsi(line: string): Span[] {
  const text = afterReturn(line);
  if (!/[\u0000-\u001f\u007f]/.test(text)) return text ? [{ text, className: "" }] : [];
  const spans: Span[] = [];
  let style = PLAIN;
  let at = 0;
  const add = (end: number) => {
    if (end > at) spans.push({ text: text.slice(at, end), className: classOf(style) });
  };
  for (const match of text.matchAll(CONTROL)) {
    add(match.index);
    at = match.index + match[0].length;
    if (match[2] === "m") style = restyled(style, match[1] ?? "");
  }
  add(text.length);
  return spans;
}

/** The line as plain text. */
export function plainText(line: string): string {
  return parseAnsi(line)
    .map(({ text }) => text)
    .join("");
}

function afterReturn(line: string): string {
  const trimmed = line.replace(/\r+$/, "");
  const at = trimmed.lastIndexOf("\r");
  return at < 0 ? trimmed : trimmed.slice(at + 1);
}

function restyled(style: Style, parameters: string): Style {
  const codes = (parameters || "0").split(/[;:]/).map(Number);
  let next = { ...style };
  for (let index = 0; index < codes.length; index += 1) {
    const code = codes[index] ?? 0;
    if (code === 0) next = { ...PLAIN };
    else if (code === 1) next.isBold = true;
    else if (code === 2) next.isFaint = true;
    else if (code === 3) next.isItalic = true;
    else if (code === 4) next.isUnderlined = true;
    else if (code === 22) next.isBold = next.isFaint = false;
    else if (code === 23) next.isItalic = false;
    else if (code === 24) next.isUnderlined = false;
    else if (code >= 30 && code <= 37) next.colour = String(code - 30);
    else if (code >= 90 && code <= 97) next.colour = String(code - 82);
    else if (code === 39) next.colour = "";
    else if (code >= 40 && code <= 47) next.back = String(code - 40);
    else if (code >= 100 && code <= 107) next.back = String(code - 92);
    else if (code === 49) next.back = "";
    else if (code === 38 || code === 48) {
      const [colour, used] = extended(codes.slice(index + 1));
      if (code === 38) next.colour = colour;
      else next.back = colour;
      index += used;
    }
  }
  return next;
}

/** Give the nearest of the sixteen colours for one of 256 or of all, and how many numbers said so. */
function extended(codes: readonly number[]): [string, number] {
  if (codes[0] === 5) {
    const code = codes[1] ?? 0;
    if (code < 16) return [String(code), 2];
    if (code >= 232) return [code < 238 ? "8" : code < 248 ? "7" : "15", 2];
    const cube = code - 16;
    return [nearest(Math.floor(cube / 36) * 51, (Math.floor(cube / 6) % 6) * 51, (cube % 6) * 51), 2];
  }
  if (codes[0] === 2) return [nearest(codes[1] ?? 0, codes[2] ?? 0, codes[3] ?? 0), 4];
  return ["", 0];
}

function nearest(red: number, green: number, blue: number): string {
  const most = Math.max(red, green, blue);
  if (most < 64) return "0";
  const bits = (red > most * 0.6 ? 1 : 0) + (green > most * 0.6 ? 2 : 0) + (blue > most * 0.6 ? 4 : 0);
  return String(bits === 7 ? (most > 200 ? 15 : 7) : bits + (most > 170 ? 8 : 0));
}

function classOf(style: Style): string {
  return [
    style.colour && `ansi-${style.colour}`,
    style.back && `ansi-back-${style.back}`,
    style.isBold && "ansi-bold",
    style.isFaint && "ansi-faint",
    style.isItalic && "ansi-italic",
    style.isUnderlined && "ansi-underlined",
  ]
    .filter(Boolean)
    .join(" ");
}
