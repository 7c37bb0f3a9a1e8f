/** What an attempt took and used. */

import { durationText } from "@/words/duration";
import { sizeText } from "@/words/numbers";

import { KindLegend, SecondsBar, sumOf } from "../run/shares";
import type { TaskView, Usage } from "./shapes";

export function UsageTab({ task, usage }: { task: TaskView; usage: Usage }) {
  const cpu = (usage.user_cpu ?? 0) + (usage.system_cpu ?? 0);
  const took = (usage.ended_at ?? 0) - (usage.started_at ?? 0);
  return (
    <div className="stack">
      <section className="card">
        <header>
          <h2>Time</h2>
        </header>
        <div className="body stack tight">
          <SecondsBar seconds={usage} whole={Math.max(0.001, sumOf(usage))} label="The attempt" />
          <KindLegend seconds={usage} />
        </div>
      </section>
      <dl className="facts">
        <dt>Peak memory</dt>
        <dd className="number">
          {usage.peak_memory_bytes ? sizeText(usage.peak_memory_bytes) : "–"} above what it began with
        </dd>
        <dt>Processor</dt>
        <dd className="number">
          {durationText(cpu)}
          {took > 0 && `, ${(cpu / took).toFixed(1)} cores kept busy`}
        </dd>
        <dt>Process</dt>
        <dd>
          {usage.pid ? <span className="mono">{usage.pid}</span> : "–"} {usage.host && <>on {usage.host}</>}
        </dd>
        {usage.started_by && (
          <>
            <dt>Started by</dt>
            <dd>
              {usage.started_by}
              {usage.spawn_reason && <span className="muted">, {usage.spawn_reason}</span>}
            </dd>
          </>
        )}
        <dt>Key</dt>
        <dd className="mono">{task.key}</dd>
      </dl>
    </div>
  );
}
