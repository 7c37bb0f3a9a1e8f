/** How the metrics of a flow, and how long it takes, moved over its latest runs. */

import { useMemo } from "react";

import { apiUrl } from "@/api/client";
import type { RunSummary } from "@/api/shapes";
import { type Page, useQuery } from "@/api/use_query";
import { Chart, type Series } from "@/parts/chart";

/** Runs that are looked at, and metrics that are drawn. */
const RUNS = 200;
const METRICS = 6;

export function Trends({ flow }: { flow: string }) {
  const { data } = useQuery<Page<RunSummary>>(apiUrl("/runs", { flow, status: ["succeeded"], limit: RUNS }));
  const trends = useMemo(() => trendsOf(data?.rows ?? []), [data]);
  if (trends.length === 0) return null;
  return (
    <section className="card">
      <header>
        <h2>From run to run</h2>
        <span className="faint">the latest that succeeded, by number</span>
      </header>
      <div className="body flow-trends">
        {trends.map((series) => (
          <Chart
            key={series.name}
            title={series.name}
            series={[series]}
            xName={flow}
            height={130}
            sync={`flow-${flow}`}
            isDuration={series.name === "duration"}
          />
        ))}
      </div>
    </section>
  );
}

/** Give a curve for the duration and for each metric that is a number in two runs or more, over the runs' numbers. */
export function trendsOf(newestFirst: readonly RunSummary[]): Series[] {
  const runs = newestFirst.filter((run) => run.finished_at).sort((one, other) => one.label - other.label);
  if (runs.length < 2) return [];
  const names = [...new Set(runs.flatMap((run) => Object.keys(run.metrics ?? {})))].sort();
  const curves = names.map((name): Series => {
    const known = runs.filter((run) => typeof run.metrics?.[name] === "number");
    return { name, xs: known.map((run) => run.label), ys: known.map((run) => run.metrics?.[name] as number) };
  });
  const duration = {
    name: "duration",
    xs: runs.map((run) => run.label),
    ys: runs.map((run) => (run.finished_at ?? 0) - run.started_at),
    colour: 8,
  };
  return [...curves.filter(({ xs }) => xs.length > 1).slice(0, METRICS), duration];
}
