/** Flows at a glance: how their latest runs ended and how long they took. */

import { apiUrl } from "@/api/client";
import type { FlowSummary } from "@/api/schema";
import { type Page, useSmoothQuery } from "@/api/use_query";
import { RunBars } from "@/parts/run_bars";
import { StatusIcon } from "@/parts/status";
import { When } from "@/parts/when";
import { Link } from "@/router/link";
import { pathOf } from "@/router/match";
import { plural } from "@/words/numbers";

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
            <Link className="home-name cut" to={pathOf("flows", flow.flow)}>
              {flow.flow}
            </Link>
            <RunBars flow={flow.flow} bars={flow.finished} />
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
