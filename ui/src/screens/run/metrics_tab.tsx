/** The metrics that the tasks of a run logged: a chart each, a curve each task, growing while the run goes on. */

import { useCallback, useEffect, useMemo, useRef, useState } from "react";

import type { MetricNames } from "@/api/schema";
import { useQuery } from "@/api/use_query";
import { useStream } from "@/api/use_stream";
import { Chart } from "@/parts/chart";
import { Empty } from "@/parts/empty";
import { ProblemNote } from "@/parts/problem";
import { Spinner } from "@/parts/spinner";
import { useQueryState } from "@/router/location";
import { plural } from "@/words/numbers";

import { AxisChoice, SmoothChoice } from "./curve_choices";
import { type Axis, CurveSet, type Curves, type SentPoints, seriesOf } from "./curves";
import type { RunView } from "./shapes";
import { type About, isOpen, runUrl } from "./use_run";

const CHARTS = 24;

export function MetricsTab({ run }: About) {
  const [search, setSearch] = useQueryState("search");
  const [axis, setAxis] = useQueryState("axis", "step");
  const [log, setLog] = useQueryState("log");
  const [smooth, setSmooth] = useQueryState("smooth", "0");
  const [known, setKnown] = useState<ReadonlySet<string>>(new Set());
  const url = runUrl(run.flow, run.label, "/metrics");
  const { data, problem } = useQuery<MetricNames>(url);
  const points = usePoints(run, setKnown);
  if (!data) return problem ? <ProblemNote problem={problem} /> : <Spinner />;
  const names = [...new Set([...data.rows.map(({ name }) => name), ...known])].filter((name) =>
    name.toLowerCase().includes(search.toLowerCase()),
  );
  if (data.rows.length === 0 && known.size === 0) {
    return (
      <Empty isSmall title="No points were logged" command="current.metrics.log(step=n, loss=0.3)">
        A step that says this draws a curve here while it runs
      </Empty>
    );
  }
  return (
    <div className="stack tight">
      <div className="row wrap">
        <input
          className="field"
          data-filter
          type="search"
          placeholder="Find a metric"
          aria-label="Find a metric"
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
        <AxisChoice axes={["step", "time", "since"]} chosen={axis} choose={setAxis} />
        <SmoothChoice percent={smooth} choose={setSmooth} />
        <label className="row muted">
          <input type="checkbox" checked={log === "on"} onChange={() => setLog(log === "on" ? "" : "on")} /> Logarithmic
        </label>
        <span className="push faint">{plural(names.length, "metric")}</span>
      </div>
      <div className="chart-grid">
        {names.slice(0, CHARTS).map((name) => (
          <MetricChart
            key={name}
            run={run}
            name={name}
            axis={axis as Axis}
            isLog={log === "on"}
            smooth={Number(smooth) / 100}
            points={points}
          />
        ))}
      </div>
      {names.length > CHARTS && <p className="muted">The first {CHARTS} are shown; find the others by name.</p>}
    </div>
  );
}

type Points = (listener: (points: SentPoints) => void) => () => void;

function MetricChart({
  run,
  name,
  axis,
  isLog,
  smooth,
  points,
}: {
  run: RunView;
  name: string;
  axis: Axis;
  isLog: boolean;
  smooth: number;
  points: Points;
}) {
  const url = runUrl(run.flow, run.label, `/metrics/${name.split("/").map(encodeURIComponent).join("/")}`, {
    points: 1000,
    limit: 50,
  });
  const { data, problem } = useQuery<Curves>(url);
  const [grown, grow] = useState(0);
  const curves = useMemo(() => new CurveSet(name), [name]);
  useEffect(() => {
    if (data) curves.replace(data);
    grow((count) => count + 1);
  }, [data, curves]);
  useEffect(() => points((sent) => curves.add(sent) && grow((count) => count + 1)), [points, curves]);
  const series = useMemo(() => seriesOf(curves.rows, axis, smooth), [curves, grown, axis, smooth]);
  if (problem && !data) return <ProblemNote problem={problem} />;
  const xName = axis === "step" ? "step" : axis === "since" ? "seconds" : "time";
  return (
    <section className="card chart-card">
      <Chart
        title={name}
        series={series}
        xKind={axis === "time" ? "time" : "number"}
        xName={xName}
        isLog={isLog}
        sync={`metrics-${axis}`}
        height={220}
      />
      {data?.cursor && <p className="faint chart-note">The first {data.rows.length} tasks are drawn</p>}
    </section>
  );
}

/** Follow the points that a run logs while it goes on. */
function usePoints(
  run: RunView,
  setKnown: (change: (known: ReadonlySet<string>) => ReadonlySet<string>) => void,
): Points {
  const listeners = useRef(new Set<(points: SentPoints) => void>());
  useStream(isOpen(run.status) ? runUrl(run.flow, run.label, "/points/stream") : null, (events) => {
    for (const { name, data } of events) {
      if (name !== "points") continue;
      const points = JSON.parse(data) as SentPoints;
      setKnown((known) =>
        points.names.every((each) => known.has(each)) ? known : new Set([...known, ...points.names]),
      );
      for (const listener of listeners.current) listener(points);
    }
  });
  return useCallback((listener) => {
    listeners.current.add(listener);
    return () => listeners.current.delete(listener);
  }, []);
}
