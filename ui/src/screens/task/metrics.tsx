/** The curves that one task logged. */

import { useMemo } from "react";

import type { MetricNames } from "@/api/schema";
import { useQuery } from "@/api/use_query";
import { Chart } from "@/parts/chart";
import { Empty } from "@/parts/empty";
import { Spinner } from "@/parts/spinner";

import { type Curves, seriesOf } from "../run/curves";
import { runUrl } from "../run/use_run";
import type { TaskView } from "./shapes";

export function TaskMetrics({ flow, label, task }: { flow: string; label: string; task: TaskView }) {
  const { data } = useQuery<MetricNames>(runUrl(flow, label, "/metrics"));
  if (!data) return <Spinner />;
  if (data.rows.length === 0) return <Empty isSmall title="No points were logged" command="current.metrics.log(step=n, loss=0.3)" />;
  return (
    <div className="chart-grid">
      {data.rows.slice(0, 24).map(({ name }) => (
        <OneCurve key={name} flow={flow} label={label} name={name} task={task} />
      ))}
    </div>
  );
}

function OneCurve({ flow, label, name, task }: { flow: string; label: string; name: string; task: TaskView }) {
  const url = runUrl(flow, label, `/metrics/${name.split("/").map(encodeURIComponent).join("/")}`, { points: 2000, task: [String(task.label)] });
  const { data } = useQuery<Curves>(url);
  const series = useMemo(() => seriesOf(data?.rows ?? [], "step", 0), [data]);
  if (!data || data.rows.length === 0) return null;
  return (
    <section className="card chart-card">
      <Chart title={name} series={series} xName="step" sync="task-metrics" height={220} />
    </section>
  );
}
