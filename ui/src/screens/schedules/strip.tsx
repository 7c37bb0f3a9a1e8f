/** When schedules fired and will fire, as a strip of time with a lane for each. */

import { type CSSProperties, useMemo } from "react";

import { StatusIcon, toneOf } from "@/parts/status";
import { useNow } from "@/parts/when";
import { Link } from "@/router/link";
import { pathOf } from "@/router/match";
import { linkOfRun } from "@/screens/deployments/run_squares";
import { type Lane, type Mark, linesOf } from "@/screens/schedules/lanes";
import { cronText } from "@/words/cron";
import { clockTime, dateText, exactTime } from "@/words/time";

/** Marks of a lane above which they are thin. */
const DENSE = 60;

export type Span = readonly [number, number];

export function Strip({ lanes, span, hasTargets = true }: { lanes: readonly Lane[]; span: Span; hasTargets?: boolean }) {
  const now = useNow();
  const [from, until] = span;
  const lines = useMemo(() => linesOf([from, until], 8, -new Date().getTimezoneOffset() * 60), [from, until]);
  const isLong = until - from > 1.5 * 86400;
  const x = (at: number): CSSProperties => ({ left: `${((at - from) / (until - from)) * 100}%` });
  return (
    <div className="strip">
      <div className="strip-axis" aria-hidden>
        <span />
        <div>
          {lines.map((at) => (
            <span key={at} className="strip-tick number" style={x(at)}>
              {isLong ? dateText(at).slice(5) : clockTime(at)}
            </span>
          ))}
        </div>
      </div>
      <ul>
        {lanes.map((lane) => (
          <li key={lane.key} className="strip-lane">
            <div className="strip-name">
              {hasTargets && (
                <Link className="cut strong" to={pathOf("deployments", lane.target)}>
                  {lane.target}
                </Link>
              )}
              <span className="cut muted" title={`${lane.cron}, ${lane.zone}`}>
                {cronText(lane.cron)}
                {lane.zone !== "UTC" && ` ${lane.zone}`}
                {lane.stands !== "fires" && `, ${lane.stands}`}
              </span>
            </div>
            <div className="strip-track">
              {lines.map((at) => (
                <i key={at} className="strip-line" style={x(at)} />
              ))}
              {lane.marks.map((mark) => (
                <MarkOf key={`${mark.at} ${mark.kind}`} mark={mark} zone={lane.zone} isThin={lane.marks.length > DENSE} style={x(mark.at)} />
              ))}
              <i className="strip-now" style={x(now)} />
              <span className="hidden-text">{laneText(lane)}</span>
            </div>
          </li>
        ))}
      </ul>
    </div>
  );
}

const LOOKS: Readonly<Record<Exclude<Mark["kind"], "started">, string>> = {
  skipped: "skipped",
  missed: "missed",
  refused: "refused",
  next: "pending",
};

function MarkOf({ mark, zone, isThin, style }: { mark: Mark; zone: string; isThin: boolean; style: CSSProperties }) {
  const title = markText(mark, zone);
  const isThinHere = isThin && (mark.kind === "started" || mark.kind === "next");
  const look = mark.kind === "started" ? mark.status : LOOKS[mark.kind];
  // Of what was started and is gone nobody knows how it ended: that is no place for a green mark.
  const drawn = isThinHere || look === null ? null : <StatusIcon status={look} size={12} isSilent />;
  const className = `strip-mark ${look === null ? "unknown" : mark.kind}${isThinHere ? " thin" : ""}${isThinHere && look !== null ? ` ${toneOf(look)}` : ""}`;
  if (mark.run) return <Link to={linkOfRun(mark.run)} className={className} title={title} style={style} tabIndex={-1} children={drawn} />;
  return (
    <span className={className} title={title} style={style}>
      {drawn}
    </span>
  );
}

function markText({ at, kind, reason, run, status }: Mark, zone: string): string {
  const there = zone === "UTC" ? "" : ` (${clockTime(at, zone)} ${zone})`;
  const what = kind === "next" ? "will fire" : kind === "started" ? [run ?? "started", status].filter(Boolean).join(" ") : `${kind}${reason && `: ${reason}`}`;
  return `${exactTime(at)}${there}\n${what}`;
}

function laneText({ marks }: Lane): string {
  const counts = new Map<string, number>();
  for (const { kind, status } of marks) {
    const word = status ?? kind;
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts].map(([kind, count]) => `${count} ${kind === "next" ? "to come" : kind}`).join(", ") || "nothing in this time";
}
