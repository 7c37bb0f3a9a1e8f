/** Runs as columns, steps as rows: what failed when. */

import "./grid.css";

import { type ReactNode, useMemo, useState } from "react";

import { apiUrl, get } from "@/api/client";
import type { Filters, Grid, GridRow } from "@/api/shapes";
import { type Page, useQuery, useSmoothQuery } from "@/api/use_query";
import { Empty } from "@/parts/empty";
import { ProblemNote } from "@/parts/problem";
import { Spinner } from "@/parts/spinner";
import { StatusIcon, lookOf } from "@/parts/status";
import { useMinute, useNow } from "@/parts/when";
import { Link } from "@/router/link";
import { navigate, useAddress, withQuery } from "@/router/location";
import { pathOf } from "@/router/match";
import { questionOf } from "@/screens/runs/filters";
import { durationText } from "@/words/duration";
import { countText, plural } from "@/words/numbers";
import { exactTime } from "@/words/time";

/** Flows that are shown when no one of them was chosen. */
const FLOWS_SHOWN = 5;
/** Columns of one grid. */
const RUNS_SHOWN = 60;

export function RunGrids() {
  const { query } = useAddress();
  const flow = query.get("flow");
  const { data, problem } = useQuery<Filters>(flow ? null : apiUrl("/runs/filters"));
  if (problem) return <ProblemNote problem={problem} />;
  if (!flow && !data) return <Spinner isPage />;
  const flows = flow ? [flow] : (data?.flows ?? []).slice(0, FLOWS_SHOWN);
  if (flows.length === 0) return <Empty icon="grid" title="Nothing has run here yet" command="headwater run my_flow.py" />;
  return (
    <div className="stack">
      <div className={flow ? undefined : "grids"}>
        {flows.map((each) => (
          <FlowGrid key={each} flow={each} isAlone={flow !== null} />
        ))}
      </div>
      {!flow && (data?.flows.length ?? 0) > FLOWS_SHOWN && (
        <p className="muted">{plural((data?.flows.length ?? 0) - FLOWS_SHOWN, "more flow")}; the filter shows one of them</p>
      )}
    </div>
  );
}

interface Hovered {
  readonly row: GridRow;
  readonly step: string | null;
}

/** The grid of one flow. */
export function FlowGrid({ flow, isAlone, title = flow }: { flow: string; isAlone: boolean; title?: string }) {
  const { path, query } = useAddress();
  const [hovered, hover] = useState<Hovered | null>(null);
  const minute = useMinute();
  const url = useMemo(
    () => questionOf("/runs/grid", query, query.get("time") ? minute : 0, { flow, limit: RUNS_SHOWN, sort: null, sort_metric: null, sort_parameter: null }),
    [query, minute, flow],
  );
  const { data, problem } = useSmoothQuery<Grid>(url);
  const runs = useMemo(() => [...(data?.rows ?? [])].reverse(), [data]);
  if (problem && !data) return <ProblemNote problem={problem} />;
  if (!data) return null;
  return (
    <section className="card grid-card" onMouseLeave={() => hover(null)}>
      <header>
        <h2>{isAlone ? title : <Link to={withQuery(path, query, { flow })}>{flow}</Link>}</h2>
        <span className="faint number grid-said">{hovered && <Said hovered={hovered} />}</span>
      </header>
      {runs.length === 0 ? (
        <Empty isSmall title="No run is like that" />
      ) : (
        <GridTable runs={runs} steps={data.steps} hovered={hovered} hover={hover} />
      )}
    </section>
  );
}

function GridTable({
  runs,
  steps,
  hovered,
  hover,
}: {
  runs: readonly GridRow[];
  steps: readonly string[];
  hovered: Hovered | null;
  hover: (hovered: Hovered) => void;
}) {
  const now = useNow(runs.some((run) => run.status === "running"));
  const seconds = (run: GridRow) => secondsOf(run, now) ?? 0;
  const longest = Math.max(0.001, ...runs.map(seconds));
  return (
    <div className="grid-box" ref={(box) => box?.scrollTo({ left: box.scrollWidth })} tabIndex={0} role="region" aria-label={`Runs and steps of ${runs[0]?.flow ?? ""}`}>
      <table className="grid">
        <thead>
          <tr>
            <th scope="col" className="grid-axis">
              <span className="number">{durationText(longest)}</span>
            </th>
            {runs.map((run) => (
              <th key={run.path} scope="col" className={hovered?.row === run ? "on" : undefined} onMouseEnter={() => hover({ row: run, step: null })}>
                <Link to={pathOf("runs", run.flow, run.label)} aria-label={`${run.path}, ${run.status}, ${durationText(seconds(run))}`}>
                  <span
                    className={`grid-bar tone-${lookOf(run.status)}`}
                    style={{ height: 4 + 44 * Math.sqrt(seconds(run) / longest) }}
                  />
                </Link>
              </th>
            ))}
          </tr>
          <tr className="grid-labels">
            <td />
            {runs.map((run, index) => (
              <td key={run.path} className="number">
                {(runs.length - 1 - index) % 5 === 0 && <span>{run.label}</span>}
              </td>
            ))}
          </tr>
        </thead>
        <tbody>
          {steps.map((step) => (
            <tr key={step} className={hovered?.step === step ? "on" : undefined}>
              <th scope="row" className="cut">
                {step}
              </th>
              {runs.map((run) => (
                <td key={run.path} className={hovered?.row === run ? "on" : undefined} onMouseEnter={() => hover({ row: run, step })}>
                  <Cell run={run} step={step} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Cell({ run, step }: { run: GridRow; step: string }): ReactNode {
  const counts = run.steps?.[step];
  if (!counts) return <span className="grid-none" />;
  const status = worstOf(counts);
  const to = `${pathOf("runs", run.flow, run.label)}?step=${encodeURIComponent(step)}`;
  return (
    <Link
      to={to}
      className="grid-cell"
      tabIndex={-1}
      onClick={(event) => {
        if (totalOf(counts) !== 1 || event.metaKey || event.ctrlKey) return;
        event.preventDefault();
        void openOnly(run, step, to);
      }}
    >
      <StatusIcon status={status} />
    </Link>
  );
}

function Said({ hovered: { row, step } }: { hovered: Hovered }) {
  const counts = step === null ? null : row.steps?.[step];
  return (
    <>
      <span className="strong">{row.path}</span>
      {step === null ? ` ${row.status}` : ` ${step}: ${counts ? wordsOf(counts) : "not reached"}`}, started {exactTime(row.started_at)}
      {row.finished_at && `, ${durationText(row.finished_at - row.started_at)}`}
    </>
  );
}

/** How long a run took, or has taken; null for one that waits, or whose driver is gone: it took no time of a machine. */
function secondsOf(run: GridRow, now: number): number | null {
  if (run.finished_at) return run.finished_at - run.started_at;
  return run.status === "running" ? Math.max(0, now - run.started_at) : null;
}

type Counts = Readonly<Record<string, number | undefined>>;

const WORST = ["failed", "lost", "running", "retrying", "cancelled", "caught", "succeeded"];

/** The state that a cell shows for many tasks: the one that needs eyes most. */
function worstOf(counts: Counts): string {
  return WORST.find((status) => (counts[status] ?? 0) > 0) ?? "queued";
}

function totalOf(counts: Counts): number {
  return Object.values(counts).reduce<number>((sum, count) => sum + (count ?? 0), 0);
}

function wordsOf(counts: Counts): string {
  return Object.entries(counts)
    .map(([status, count]) => `${countText(count ?? 0)} ${status}`)
    .join(", ");
}

/** A cell of one task leads to the task, which is not known before it is asked for. */
async function openOnly(run: GridRow, step: string, otherwise: string): Promise<void> {
  try {
    const url = apiUrl(`${pathOf("runs", run.flow, run.label)}/tasks`, { step, limit: 1 });
    const [task] = (await get<Page<{ label: number }>>(url)).rows;
    navigate(task ? pathOf("runs", run.flow, run.label, step, task.label) : otherwise);
  } catch {
    navigate(otherwise);
  }
}
