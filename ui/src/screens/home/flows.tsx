/** Flows at a glance: how their latest runs ended and how long they took. */

import { apiUrl } from "@/api/client";
import type { FlowSummary } from "@/api/schema";
import { type Page, useSmoothQuery } from "@/api/use_query";
import { StatusIcon, lookOf } from "@/parts/status";
import { When } from "@/parts/when";
import { Link } from "@/router/link";
import { pathOf } from "@/router/match";
import { durationText } from "@/words/duration";
import { countText, plural } from "@/words/numbers";

type Bar = FlowSummary["finished"][number];

/** Ask for the flows; undefined while nothing is known. */
export function useFlows(): readonly FlowSummary[] | undefined {
  return useSmoothQuery<Page<FlowSummary>>(apiUrl("/flows", { limit: 12 })).data?.rows;
}

export function Flows({ flows }: { flows: readonly FlowSummary[] }) {
  if (flows.length === 0) return null;
  return (
    <section className="card home-flows">
      <header>
        <h2>Flows</h2>
        <Link className="push" to="/runs?view=grid">
          As grids
        </Link>
      </header>
      <ul className="home-rows">
        {flows.map((flow) => (
          <li key={flow.flow} className="home-flow">
            <StatusIcon status={flow.last.status} />
            <Link className="home-name cut" to={`/runs?flow=${encodeURIComponent(flow.flow)}`}>
              {flow.flow}
            </Link>
            <Bars flow={flow.flow} bars={flow.finished} />
            <span className="muted number home-aside">{plural(flow.runs, "run")}</span>
            <Link className="muted" to={pathOf("runs", flow.last.flow, flow.last.label)}>
              <When at={flow.last.started_at} />
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The latest finished runs, the newest on the right; as high as they took long. */
function Bars({ flow, bars }: { flow: string; bars: readonly Bar[] }) {
  const longest = Math.max(0.001, ...bars.map(secondsOf));
  const good = bars.filter(({ status }) => status === "succeeded").length;
  return (
    <span className="home-bars">
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
