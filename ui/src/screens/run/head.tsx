/** The head of a run's page: how it stands, who started it and why, tags, note, and what may be done. */

import { type ReactNode, useMemo } from "react";

import { Copy } from "@/parts/copy";
import { Status, toneOf } from "@/parts/status";
import { Duration, When } from "@/parts/when";
import { Link } from "@/router/link";
import { pathOf } from "@/router/match";
import { countText } from "@/words/numbers";

import { Actions } from "./actions";
import { Note } from "./note";
import type { RunView } from "./shapes";
import { Tags } from "./tags";
import { pageOf } from "./use_run";

export function Head({ run }: { run: RunView }) {
  return (
    <header className="run-head">
      <div className="row wrap">
        <Status status={run.status} isPill />
        <h1 className="run-title">
          <Link to={`/runs?flow=${encodeURIComponent(run.flow)}`}>{run.flow}</Link>/{run.label}
        </h1>
        <Copy text={run.path} label="Copy the run's path" />
        <span className="push row wrap">
          <Actions run={run} />
        </span>
      </div>
      <div className="run-facts">
        {run.status !== "interrupted" && run.status !== "queued" && (
          <span>
            <Duration from={run.started_at} to={run.finished_at} />
          </span>
        )}
        <Fact name="started">
          <When at={run.started_at} />
        </Fact>
        <Fact name="by">
          {run.user} <span className="faint">on {run.host}</span>
        </Fact>
        <Trigger run={run} />
        {run.origin && (
          <Fact name="resumes">
            <Link to={pageOf(run.origin)}>{run.origin}</Link>
          </Fact>
        )}
        {run.project && <Fact name="project">{run.project}</Fact>}
        <TaskCounts counts={run.task_counts ?? {}} />
        <Tags run={run} />
        {!run.note && <Note run={run} />}
      </div>
      <Metrics run={run} />
      {run.note && <Note run={run} />}
    </header>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <span>
      <span className="faint">{name}</span> {children}
    </span>
  );
}

function Trigger({ run }: { run: RunView }) {
  const launch = run.launch;
  if (!launch) return <Fact name="from">the command line</Fact>;
  const { kind, source } = launch.trigger;
  return (
    <Fact name={kind === "schedule" ? "fired by" : "started by"}>
      {source && source !== launch.target ? `${kind} ${source}` : kind} of{" "}
      <Link to={pathOf("deployments", ...launch.target.split("/"))}>{launch.target}</Link>{" "}
      <span className="faint">version {launch.number}</span>
    </Fact>
  );
}

const ORDER = ["failed", "running", "retrying", "lost", "caught", "cancelled", "succeeded"];

function TaskCounts({ counts }: { counts: Readonly<Record<string, number>> }) {
  const known = useMemo(() => ORDER.filter((status) => counts[status]), [counts]);
  if (known.length === 0) return null;
  return (
    <span className="run-counts" aria-live="polite">
      {known.map((status) => (
        <Link key={status} to={`?tab=tasks&status=${status}`} className={`chip ${toneOf(status)} toned number`}>
          {countText(counts[status] ?? 0)} {status}
        </Link>
      ))}
    </span>
  );
}

function Metrics({ run }: { run: RunView }) {
  const metrics = Object.entries(run.metrics ?? {});
  if (metrics.length === 0) return null;
  return (
    <dl className="run-metrics">
      {metrics.slice(0, 12).map(([name, value]) => (
        <div key={name}>
          <dt className="cut" title={name}>
            {name}
          </dt>
          <dd className="number cut" title={String(value)}>
            {metricText(value)}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function metricText(value: unknown): string {
  if (typeof value === "number")
    return Number.isInteger(value) ? countText(value) : String(Number(value.toPrecision(4)));
  return String(value);
}
