/** How the latest runs of a flow ended, at a glance. */

import "./run_bars.css";

import type { FlowSummary } from "@/api/schema";
import { lookOf } from "@/parts/status";
import { Link } from "@/router/link";
import { pathOf } from "@/router/match";
import { durationText } from "@/words/duration";
import { countText } from "@/words/numbers";

type Bar = FlowSummary["finished"][number];

/** The latest finished runs, the newest on the right; as high as they took long. */
export function RunBars({ flow, bars }: { flow: string; bars: readonly Bar[] }) {
  const longest = Math.max(0.001, ...bars.map(secondsOf));
  const good = bars.filter(({ status }) => status === "succeeded").length;
  return (
    <span className="run-bars">
      <span className="hidden-text">
        {countText(good)} of the last {countText(bars.length)} succeeded
      </span>
      {[...bars].reverse().map((bar) => (
        <Link
          key={bar.label}
          to={pathOf("runs", flow, bar.label)}
          className={`tone-${lookOf(bar.status)}`}
          title={`${flow}/${bar.label} ${bar.status}, ${durationText(secondsOf(bar))}`}
          aria-hidden
          tabIndex={-1}
        >
          <span style={{ height: 4 + 18 * Math.sqrt(secondsOf(bar) / longest) }} className={bar.status === "succeeded" ? "" : "bad"} />
        </Link>
      ))}
    </span>
  );
}

function secondsOf(bar: Bar): number {
  return Math.max(0, (bar.finished_at ?? bar.started_at) - bar.started_at);
}
