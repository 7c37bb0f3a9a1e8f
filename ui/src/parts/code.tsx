/** Source code with line numbers, and the difference of two versions of it. */

import "./code.css";

import { Fragment, useMemo, useState } from "react";

import { type DiffLine, diffLines, hunksOf } from "@/parts/diff";
import { type Token, highlightPython } from "@/parts/highlight";
import { plural } from "@/words/numbers";

/** Source text; `marked` lines (from 1) stand out, such as the one that failed. */
export function Code({
  text,
  first = 1,
  marked = [],
  label = "Code",
  isPython = true,
  maxHeight,
}: {
  text: string;
  first?: number;
  marked?: readonly number[];
  label?: string;
  isPython?: boolean;
  maxHeight?: number;
}) {
  const lines = useMemo(() => tokensOf(text, isPython), [text, isPython]);
  return (
    <div className="code" role="region" aria-label={label} tabIndex={0} style={maxHeight ? { maxHeight } : undefined}>
      <table>
        <tbody>
          {lines.map((tokens, index) => (
            <tr key={index} className={marked.includes(first + index) ? "marked" : undefined}>
              <td className="code-number">{first + index}</td>
              <td className="code-line">
                <Tokens tokens={tokens} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** What changed from one text to another; unchanged parts are folded and can be opened. */
export function Diff({
  before,
  after,
  label = "Difference",
  isPython = true,
}: {
  before: string;
  after: string;
  label?: string;
  isPython?: boolean;
}) {
  const [isWhole, setWhole] = useState(false);
  const lines = useMemo(() => diffLines(before, after), [before, after]);
  const hunks = useMemo(() => hunksOf(lines, isWhole ? lines.length : 3), [lines, isWhole]);
  const old = useMemo(() => tokensOf(before, isPython), [before, isPython]);
  const fresh = useMemo(() => tokensOf(after, isPython), [after, isPython]);
  if (hunks.length === 0) return <p className="muted">Both are the same</p>;
  const tokensFor = (line: DiffLine) =>
    (line.after !== null ? fresh[line.after - 1] : line.before !== null ? old[line.before - 1] : undefined) ?? [];
  return (
    <div className="code diff" role="region" aria-label={label} tabIndex={0}>
      <table>
        <tbody>
          {hunks.map(({ lines: shown, skipped }, index) => (
            <Fragment key={index}>
              {skipped > 0 && (
                <tr className="code-gap">
                  <td colSpan={4}>
                    <button type="button" onClick={() => setWhole(true)}>
                      {plural(skipped, "unchanged line")}
                    </button>
                  </td>
                </tr>
              )}
              {shown.map((line) => (
                <tr key={`${line.before}:${line.after}`} className={line.kind}>
                  <td className="code-number">{line.before}</td>
                  <td className="code-number">{line.after}</td>
                  <td className="code-sign">{line.kind === "new" ? "+" : line.kind === "gone" ? "−" : ""}</td>
                  <td className="code-line">
                    <Tokens tokens={tokensFor(line)} />
                  </td>
                </tr>
              ))}
            </Fragment>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Tokens({ tokens }: { tokens: readonly Token[] }) {
  return tokens.map(({ text, kind }, index) =>
    kind ? (
      <span key={index} className={`token-${kind}`}>
        {text}
      </span>
    ) : (
      text
    ),
  );
}

function tokensOf(text: string, isPython: boolean): Token[][] {
  const lines = text.replace(/\r?\n$/, "").split(/\r\n|\n/);
  return isPython ? highlightPython(lines) : lines.map((line) => [{ text: line, kind: "" }]);
}
