/** The curves that one task logged. */

import { useEffect, useState } from "react";

import { type Problem, get } from "@/api/client";
import { problemOfError } from "@/api/problem";
import type { MetricNames } from "@/api/schema";
import { Chart } from "@/parts/chart";
import { Empty } from "@/parts/empty";
import { ProblemNote } from "@/parts/problem";
import { Spinner } from "@/parts/spinner";

import { type Curves, seriesOf } from "../run/curves";
import { runUrl } from "../run/use_run";
import type { TaskView } from "./shapes";

const CHARTS = 24;

export function TaskMetrics({ flow, label, task }: { flow: string; label: string; task: TaskView }) {
  const [curves, setCurves] = useState<readonly Curves[] | null>(null);
  const [problem, setProblem] = useState<Problem>();
  useEffect(() => {
    const abort = new AbortController();
    readCurves(flow, label, task.label, abort.signal)
      .then(setCurves)
      .catch((error: unknown) => !abort.signal.aborted && setProblem(problemOfError(error)));
    return () => abort.abort();
  }, [flow, label, task.label, task.status]);
  if (!curves) return problem ? <ProblemNote problem={problem} /> : <Spinner />;
  if (curves.length === 0)
    return <Empty isSmall title="This task logged no points" command="current.metrics.log(step=n, loss=0.3)" />;
  return (
    <div className="chart-grid">
      {curves.map(({ name, rows }) => (
        <section key={name} className="card chart-card">
          <Chart title={name} series={seriesOf(rows, "step", 0)} xName="step" sync="task-metrics" height={220} />
        </section>
      ))}
    </div>
  );
}

/** Read the curves of the metrics that a task logged. */
async function readCurves(flow: string, label: string, task: number, signal: AbortSignal): Promise<Curves[]> {
  const { rows } = await get<MetricNames>(runUrl(flow, label, "/metrics"), signal);
  const ask = (name: string) =>
    get<Curves>(
      runUrl(flow, label, `/metrics/${name.split("/").map(encodeURIComponent).join("/")}`, {
        points: 2000,
        task: [String(task)],
      }),
      signal,
    );
  const found = await Promise.all(rows.slice(0, CHARTS).map(({ name }) => ask(name)));
  return found.filter((curves) => curves.rows.length > 0);
}
