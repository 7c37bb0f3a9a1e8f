/** The curves of all runs, one chart a metric, laid over each other. */

import { useEffect, useMemo, useState } from "react";

import { get } from "@/api/client";
import type { MetricNames } from "@/api/schema";
import type { Series } from "@/parts/chart";
import { Chart } from "@/parts/chart";
import { Empty } from "@/parts/empty";
import { Spinner } from "@/parts/spinner";
import { useQueryState } from "@/router/location";

import { AxisChoice, SmoothChoice } from "../run/curve_choices";
import { type Axis, type Curves, seriesOf } from "../run/curves";
import { runUrl } from "../run/use_run";
import type { ComparedRun } from "./shapes";

const CHARTS = 16;
/** Curves of one run in one chart. */
const TASKS = 5;

export function CurvesOverlaid({ runs }: { runs: readonly ComparedRun[] }) {
  const [axis, setAxis] = useQueryState("axis", "step");
  const [smooth, setSmooth] = useQueryState("smooth", "0");
  const [names, setNames] = useState<readonly string[] | null>(null);
  const paths = runs.map(({ path }) => path).join();
  useEffect(() => {
    const abort = new AbortController();
    Promise.all(
      runs.map((run) =>
        get<MetricNames>(runUrl(run.flow, run.label, "/metrics"), abort.signal).catch(() => ({ rows: [] })),
      ),
    )
      .then((all) => setNames(inMost(all)))
      .catch(() => undefined);
    return () => abort.abort();
  }, [paths]);
  if (names === null) return <Spinner />;
  if (names.length === 0)
    return <Empty isSmall title="None of them logged points" command="current.metrics.log(step=n, loss=0.3)" />;
  return (
    <div className="stack tight">
      <div className="row wrap">
        <AxisChoice axes={["step", "since"]} chosen={axis} choose={setAxis} />
        <SmoothChoice percent={smooth} choose={setSmooth} />
      </div>
      <div className="chart-grid">
        {names.slice(0, CHARTS).map((name) => (
          <Overlaid
            key={name}
            name={name}
            runs={runs}
            paths={paths}
            axis={axis as Axis}
            smooth={Number(smooth) / 100}
          />
        ))}
      </div>
    </div>
  );
}

function Overlaid({
  name,
  runs,
  paths,
  axis,
  smooth,
}: {
  name: string;
  runs: readonly ComparedRun[];
  paths: string;
  axis: Axis;
  smooth: number;
}) {
  const [found, setFound] = useState<readonly Curves[]>([]);
  useEffect(() => {
    const abort = new AbortController();
    const address = `/metrics/${name.split("/").map(encodeURIComponent).join("/")}`;
    const ask = (run: ComparedRun) =>
      get<Curves>(runUrl(run.flow, run.label, address, { points: 600, limit: TASKS }), abort.signal);
    Promise.all(runs.map((run) => ask(run).catch(() => ({ name, rows: [] }))))
      .then(setFound)
      .catch(() => undefined);
    return () => abort.abort();
  }, [name, paths]);
  const series = useMemo(
    () => found.flatMap((curves, index) => coloured(curves, runs[index]?.path ?? "", index, axis, smooth)),
    [found, paths, axis, smooth],
  );
  return (
    <section className="card chart-card">
      <Chart
        title={name}
        series={series}
        xName={axis === "since" ? "seconds" : "step"}
        sync={`compare-${axis}`}
        height={240}
      />
    </section>
  );
}

/** The curves of one run have its colour; the name says the task when there are several. */
function coloured(curves: Curves, path: string, index: number, axis: Axis, smooth: number): Series[] {
  const isSeveral = curves.rows.length > 1;
  return seriesOf(curves.rows, axis, smooth, ({ task }) =>
    isSeveral ? `${path} ${task.split("/").slice(-2).join("/")}` : path,
  ).map((each) => ({
    ...each,
    colour: (index % 10) + 1,
  }));
}

/** Names of metrics, those that most runs logged first. */
function inMost(all: readonly Pick<MetricNames, "rows">[]): string[] {
  const counts = new Map<string, number>();
  for (const { rows } of all) for (const { name } of rows) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts]
    .sort(([one, times], [other, others]) => others - times || one.localeCompare(other))
    .map(([name]) => name);
}
