/**
 * Lines of a log: only those in sight are drawn, colours as the program wrote them, searched without leaving the
 * page. Stays at the end while the reader is there.
 */

import "./log_view.css";

import { type KeyboardEvent, type ReactNode, memo, useEffect, useMemo, useRef, useState } from "react";

import { parseAnsi } from "@/parts/ansi";
import { Icon } from "@/parts/icon";
import { findLines, markFound } from "@/parts/log_search";
import { useWindowRows } from "@/parts/window_rows";
import { useQueryState } from "@/router/location";
import { countText, plural } from "@/words/numbers";
import { clockTimeExact, exactTime } from "@/words/time";

export interface LogLine {
  /** Unix seconds. */
  readonly at: number;
  readonly isError: boolean;
  readonly text: string;
}

const ROW = 19;

export function LogView({
  lines,
  first = 1,
  isLive = false,
  tools,
  empty = "Nothing was written",
  height = "min(62vh, 720px)",
}: {
  /** The same array, grown, or a new one. */
  lines: readonly LogLine[];
  /** Number of the first line, when earlier ones are not there. */
  first?: number;
  /** More may come. */
  isLive?: boolean;
  /** More buttons for the bar on top. */
  tools?: ReactNode;
  empty?: string;
  height?: string;
}) {
  const box = useRef<HTMLDivElement>(null);
  const [wanted, setWanted] = useQueryState("find");
  const [hasTimes, setTimes] = useQueryState("times", "on");
  const [onlyErrors, setOnlyErrors] = useQueryState("stream");
  const shown = useMemo(
    () => (onlyErrors === "stderr" ? lines.filter((line) => line.isError) : lines),
    // The array may be grown in place.
    [lines, lines.length, onlyErrors],
  );
  const [isFollowing, setFollowing] = useState(isLive);
  const range = useWindowRows(box, shown.length, ROW);
  const found = useFound(shown, wanted);
  const [at, setAt] = useState(0);
  const { scrollToRow, isAtEnd } = range;
  useEffect(() => {
    if (isFollowing && shown.length > 0) scrollToRow(shown.length - 1);
  }, [isFollowing, shown.length, scrollToRow]);
  useEffect(() => setAt(0), [wanted]);
  const go = (step: number) => {
    if (found.length === 0) return;
    const next = (at + step + found.length) % found.length;
    setAt(next);
    setFollowing(false);
    scrollToRow(found[next] ?? 0);
  };
  const onSearchKey = (event: KeyboardEvent) => {
    if (event.key === "Enter") {
      event.preventDefault();
      go(event.shiftKey ? -1 : found[at] === undefined || wasJustTyped.current ? 0 : 1);
      wasJustTyped.current = false;
    } else if (event.key === "Escape") {
      setWanted("");
      (event.target as HTMLElement).blur();
    }
  };
  const wasJustTyped = useRef(false);
  const digits = String(first + shown.length).length;
  return (
    <div className="log">
      <div className="log-bar">
        <label className="log-search">
          <Icon name="search" size={14} />
          <span className="hidden-text">Find in the log</span>
          <input
            data-filter
            value={wanted}
            placeholder="Find"
            spellCheck={false}
            onChange={(event) => {
              wasJustTyped.current = true;
              setWanted(event.target.value);
            }}
            onKeyDown={onSearchKey}
          />
        </label>
        {wanted && (
          <span className="row log-hits">
            <span className="number muted" role="status">
              {found.length === 0 ? "not found" : `${countText(at + 1)} of ${countText(found.length)}`}
            </span>
            <button type="button" className="button plain icon small" aria-label="Previous" onClick={() => go(-1)}>
              <Icon name="up" size={14} />
            </button>
            <button type="button" className="button plain icon small" aria-label="Next" onClick={() => go(1)}>
              <Icon name="down" size={14} />
            </button>
          </span>
        )}
        <span className="push row">
          <Toggle name="stderr only" isOn={onlyErrors === "stderr"} set={(on) => setOnlyErrors(on ? "stderr" : "")} />
          <Toggle name="times" isOn={hasTimes === "on"} set={(on) => setTimes(on ? "on" : "off")} />
          {isLive && <Toggle name="follow" isOn={isFollowing} set={setFollowing} />}
          {tools}
        </span>
      </div>
      <div
        ref={box}
        className="log-box"
        style={{ height: shown.length > 0 ? `min(${height}, ${Math.max(3, shown.length) * ROW + 14}px)` : undefined }}
        tabIndex={0}
        role="log"
        aria-label="Log"
        aria-live="off"
        onScroll={() => isFollowing && !isAtEnd() && setFollowing(false)}
        onWheel={(event) => isLive && event.deltaY > 0 && isAtEnd() && setFollowing(true)}
      >
        {shown.length === 0 ? (
          <p className="log-empty">{isLive ? "Waiting for the first line" : empty}</p>
        ) : (
          <div className="log-content" style={{ height: range.height }}>
            <div className="log-lines" style={{ transform: `translateY(${range.top}px)` }}>
              {shown.slice(range.start, range.end).map((line, offset) => {
                const index = range.start + offset;
                return (
                  <Line
                    key={index}
                    line={line}
                    number={first + index}
                    digits={digits}
                    hasTime={hasTimes === "on"}
                    wanted={wanted}
                    isCurrent={wanted !== "" && found[at] === index}
                  />
                );
              })}
            </div>
          </div>
        )}
      </div>
      <p className="log-foot faint number">{plural(shown.length, "line")}</p>
    </div>
  );
}

interface LineProps {
  line: LogLine;
  number: number;
  digits: number;
  hasTime: boolean;
  wanted: string;
  isCurrent: boolean;
}

const Line = memo(function Line({ line, number, digits, hasTime, wanted, isCurrent }: LineProps) {
  const spans = markFound(parseAnsi(line.text), wanted);
  return (
    <div className={`log-line${line.isError ? " error" : ""}${isCurrent ? " current" : ""}`}>
      <span className="log-number" style={{ width: `${digits + 1}ch` }}>
        {number}
      </span>
      {hasTime && (
        <time className="log-time" title={exactTime(line.at)}>
          {clockTimeExact(line.at)}
        </time>
      )}
      <span className="log-text">
        {spans.map(({ text, className }, index) => (
          <span key={index} className={className || undefined}>
            {text}
          </span>
        ))}
      </span>
    </div>
  );
});

function Toggle({ name, isOn, set }: { name: string; isOn: boolean; set: (on: boolean) => void }) {
  return (
    <button type="button" className="log-toggle" aria-pressed={isOn} onClick={() => set(!isOn)}>
      {name}
    </button>
  );
}

/** The lines found; a growing log is searched from where the last search stopped. */
function useFound(lines: readonly LogLine[], wanted: string): readonly number[] {
  const last = useRef<{ lines: readonly LogLine[]; wanted: string; upTo: number; found: number[] }>(undefined);
  return useMemo(() => {
    const before = last.current;
    const goesOn = before?.lines === lines && before.wanted === wanted && before.upTo <= lines.length;
    const from = goesOn ? before.upTo : 0;
    const more = findLines(textsFrom(lines, from), wanted).map((index) => index + from);
    const found = goesOn ? [...before.found, ...more] : more;
    last.current = { lines, wanted, upTo: lines.length, found };
    return found;
  }, [lines, lines.length, wanted]);
}

function* textsFrom(lines: readonly LogLine[], from: number): Iterable<string> {
  for (let index = from; index < lines.length; index += 1) yield lines[index]?.text ?? "";
}
