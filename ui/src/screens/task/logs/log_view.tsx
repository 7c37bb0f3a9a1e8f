/** The log of one attempt: as long as it may be, only what is in sight is drawn and only what is near is read. */

import "@/parts/log_view.css";
import "./logs.css";

import { type KeyboardEvent, memo, useEffect, useState } from "react";

import { parseAnsi } from "@/parts/ansi";
import { Empty } from "@/parts/empty";
import { Icon } from "@/parts/icon";
import { markFound } from "@/parts/log_search";
import { ProblemNote } from "@/parts/problem";
import { Spinner } from "@/parts/spinner";
import { useQueryState } from "@/router/location";
import { countText, plural, shareText, sizeText } from "@/words/numbers";
import { clockTimeExact, exactTime } from "@/words/time";

import type { LogRow } from "./log_file";
import { type Hits, useHits } from "./use_hits";
import { useLog } from "./use_log";
import { ROW, type View, useView } from "./use_view";

export type AskLog = (rest: string, query?: Record<string, string | number | undefined>) => string;

export function TaskLog({ ask, attempt, height }: { ask: AskLog; attempt: number; height: string }) {
  const [wanted, setWanted] = useQueryState("find");
  const [stream, setStream] = useQueryState("stream");
  const [times, setTimes] = useQueryState("times", "on");
  const [wrap, setWrap] = useQueryState("wrap", "off");
  const log = useLog(ask, attempt, stream);
  const hits = useHits(
    (query) => ask("/search", { attempt, stream: stream || undefined, ...query }),
    wanted,
    `${ask("")}${attempt}${stream}`,
  );
  const view = useView(log, wrap === "on", times === "on");
  const [at, setAt] = useState(-1);
  useEffect(() => setAt(-1), [wanted, attempt, stream]);
  const go = (step: number) => {
    if (hits.offsets.length === 0) return;
    const next =
      at < 0
        ? step > 0
          ? firstFrom(hits, view.topOffset())
          : hits.offsets.length - 1
        : (at + step + hits.offsets.length) % hits.offsets.length;
    setAt(next);
    void view.show(hits.offsets[next] ?? 0);
  };
  const onKey = (event: KeyboardEvent<HTMLInputElement>) => {
    if (event.key === "Enter") go(event.shiftKey ? -1 : 1);
    else if (event.key === "Escape") (setWanted(""), event.currentTarget.blur());
    else return;
    event.preventDefault();
  };
  const { file } = log;
  return (
    <div className="log task-log">
      <div className="log-bar">
        <label className="log-search">
          <Icon name="search" size={14} />
          <span className="hidden-text">Find in the log</span>
          <input
            data-filter
            value={wanted}
            placeholder="Find in the whole log"
            spellCheck={false}
            onChange={(event) => setWanted(event.target.value)}
            onKeyDown={onKey}
          />
        </label>
        {wanted && <HitWords hits={hits} at={at} go={go} />}
        <span className="push row wrap">
          <Toggle name="stdout" isOn={stream !== "stderr"} set={() => setStream(stream === "stderr" ? "" : "stderr")} />
          <Toggle name="stderr" isOn={stream !== "stdout"} set={() => setStream(stream === "stdout" ? "" : "stdout")} />
          <Toggle name="times" isOn={times === "on"} set={(on) => setTimes(on ? "on" : "off")} />
          <Toggle name="wrap" isOn={wrap === "on"} set={(on) => setWrap(on ? "on" : "off")} />
          {!file.isOver && (
            <Toggle name="follow" isOn={view.isFollowing} set={(on) => (on ? void view.show(Infinity) : view.stop())} />
          )}
          <button
            type="button"
            className="button plain icon small"
            title="To the start"
            aria-label="To the start"
            onClick={() => void view.show(0)}
          >
            <Icon name="up" size={14} />
          </button>
          <button
            type="button"
            className="button plain icon small"
            title="To the end"
            aria-label="To the end"
            onClick={() => void view.show(Infinity)}
          >
            <Icon name="down" size={14} />
          </button>
          <a
            className="button plain icon small"
            title="Download the whole log"
            aria-label="Download the whole log"
            href={ask("/download", { attempt, stream: stream || undefined })}
            download
          >
            <Icon name="download" size={14} />
          </a>
        </span>
      </div>
      {log.problem && <ProblemNote problem={log.problem} />}
      {log.isLoading && file.lines.length === 0 ? (
        <Spinner />
      ) : file.lines.length === 0 ? (
        <Empty
          isSmall
          title={
            file.isOver
              ? stream
                ? `Nothing was written to ${stream}`
                : "The step wrote nothing"
              : "Nothing was written yet"
          }
        />
      ) : (
        <Lines
          view={view}
          lines={file.lines}
          height={height}
          hasTimes={times === "on"}
          isWrapped={wrap === "on"}
          wanted={wanted}
          current={hits.offsets[at] ?? -1}
        />
      )}
      <p className="log-foot faint number" role="status">
        {sizeText(file.size)}
        {file.isAtStart && file.isAtEnd
          ? `, ${plural(file.lines.length, "line")}`
          : `, at ${shareText(file.size ? view.topOffset() / file.size : 0)}`}
        {!file.isOver && ", still written"}
      </p>
    </div>
  );
}

function HitWords({ hits, at, go }: { hits: Hits; at: number; go: (step: number) => void }) {
  const count = hits.offsets.length;
  const found =
    count === 0
      ? hits.isDone
        ? "not found"
        : ""
      : `${at < 0 ? "" : `${countText(at + 1)} of `}${countText(count)}${hits.isCut ? "+" : ""} ${count === 1 ? "line" : "lines"}`;
  return (
    <span className="row log-hits">
      <span className="number muted" role="status">
        {found}
        {!hits.isDone && ` looked through ${shareText(hits.share)}`}
      </span>
      <button type="button" className="button plain icon small" aria-label="Previous" onClick={() => go(-1)}>
        <Icon name="up" size={14} />
      </button>
      <button type="button" className="button plain icon small" aria-label="Next" onClick={() => go(1)}>
        <Icon name="down" size={14} />
      </button>
    </span>
  );
}

function Toggle({ name, isOn, set }: { name: string; isOn: boolean; set: (on: boolean) => void }) {
  return (
    <button type="button" className="log-toggle" aria-pressed={isOn} onClick={() => set(!isOn)}>
      {name}
    </button>
  );
}

function Lines({
  view,
  lines,
  height,
  hasTimes,
  isWrapped,
  wanted,
  current,
}: {
  view: View;
  lines: readonly LogRow[];
  height: string;
  hasTimes: boolean;
  isWrapped: boolean;
  wanted: string;
  current: number;
}) {
  const { starts, first, last } = view;
  return (
    <div
      ref={view.box}
      className={isWrapped ? "log-box wrapped" : "log-box"}
      style={{ height }}
      tabIndex={0}
      role="log"
      aria-live="off"
      aria-label="Log"
      onScroll={view.onScroll}
    >
      <span ref={view.ruler} className="log-ruler" aria-hidden>
        {"x".repeat(100)}
      </span>
      <div className="log-content" style={{ height: (starts.at(-1) ?? 0) * ROW }}>
        <div className="log-lines" style={{ transform: `translateY(${(starts[first] ?? 0) * ROW}px)` }}>
          {lines.slice(first, last).map((line, index) => (
            <Line
              key={`${line.offset}:${line.text.length}`}
              line={line}
              height={((starts[first + index + 1] ?? 0) - (starts[first + index] ?? 0)) * ROW}
              hasTime={hasTimes}
              wanted={wanted}
              isCurrent={current >= line.offset && current < (lines[first + index + 1]?.offset ?? Infinity)}
            />
          ))}
        </div>
      </div>
    </div>
  );
}

const Line = memo(function Line({
  line,
  height,
  hasTime,
  wanted,
  isCurrent,
}: {
  line: LogRow;
  height: number;
  hasTime: boolean;
  wanted: string;
  isCurrent: boolean;
}) {
  return (
    <div
      className={`log-line${line.stream === "stderr" ? " error" : ""}${isCurrent ? " current" : ""}`}
      style={{ height }}
    >
      {hasTime && (
        <time className="log-time" title={exactTime(line.at)}>
          {clockTimeExact(line.at)}
        </time>
      )}
      <span className="log-text">
        {markFound(parseAnsi(line.text), wanted).map(({ text, className }, index) => (
          <span key={index} className={className || undefined}>
            {text}
          </span>
        ))}
      </span>
    </div>
  );
});

/** The first hit at or behind an offset; the first of all when there is none. */
function firstFrom(hits: Hits, offset: number): number {
  return Math.max(
    0,
    hits.offsets.findIndex((each) => each >= offset),
  );
}
