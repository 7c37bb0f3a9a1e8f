/** The table of runs: sorted and narrowed by the server, more of it as the reader goes down. */

import { useMemo } from "react";

import { apiUrl } from "@/api/client";
import type { Filters, RunSummary } from "@/api/shapes";
import { useEndless, useQuery } from "@/api/use_query";
import { Empty } from "@/parts/empty";
import { ProblemNote } from "@/parts/problem";
import { Spinner } from "@/parts/spinner";
import { Status } from "@/parts/status";
import { type Column, Table } from "@/parts/table";
import { TaskBar } from "@/parts/task_bar";
import { Duration, When, useMinute } from "@/parts/when";
import { Link } from "@/router/link";
import { useAddress, useQueryState } from "@/router/location";
import { pathOf } from "@/router/match";
import { chipsOf, questionOf } from "@/screens/runs/filters";
import { StartedBy } from "@/screens/runs/started_by";
import { plural, valueText } from "@/words/numbers";
import { whyText } from "@/words/why";

/** Metrics whose columns are shown unasked when the list is of one flow. */
const METRICS_SHOWN = 2;

export function RunList({ selected, select }: { selected: readonly string[]; select: (paths: readonly string[]) => void }) {
  const { query } = useAddress();
  const [sort, setSort] = useQueryState("sort");
  const minute = useMinute();
  const since = query.get("time") ? minute : 0;
  const url = useMemo(() => questionOf("/runs", query, since), [query, since]);
  const list = useEndless<RunSummary>(url, keyOf);
  const flow = query.get("flow");
  const { data: filters } = useQuery<Filters>(apiUrl("/runs/filters", { flow }));
  const columns = useMemo(() => columnsFor(filters, flow !== null), [filters, flow]);
  const chosen = useMemo(() => new Set(selected), [selected]);
  if (list.problem && list.rows.length === 0) return <ProblemNote problem={list.problem} />;
  if (list.isLoading) return <Spinner isPage />;
  const isNarrowed = chipsOf(query).length > 0 || query.get("q");
  if (list.rows.length === 0 && !isNarrowed) return <NoRuns />;
  return (
    <Table
      label={flow ? `Runs of ${flow}` : "Runs"}
      rows={list.rows}
      columns={columns}
      keyOf={keyOf}
      linkOf={linkOf}
      sort={sort || "-started"}
      onSort={(next) => setSort(next === "-started" ? "" : next)}
      selected={chosen}
      onSelect={(next) => select([...next])}
      onEnd={list.loadMore}
      isFilling
      hasKeys
      hasColumnMenu
      empty={<Empty icon="filter" title="No run is like that">Take a filter off, or search for less.</Empty>}
      foot={list.hasMore ? "Loading more" : plural(list.rows.length, "run")}
    />
  );
}

function NoRuns() {
  return (
    <Empty icon="runs" title="Nothing has run here yet" command={["headwater new churn", "headwater run churn/flow.py"]}>
      The first makes a folder with a flow to begin with, the second runs it; it shows up here while it runs.
    </Empty>
  );
}

function keyOf(run: RunSummary): string {
  return run.path;
}

function linkOf(run: RunSummary): string {
  return pathOf("runs", run.flow, run.label);
}

function columnsFor(filters: Filters | undefined, isOfOneFlow: boolean): Column<RunSummary>[] {
  const metrics = (filters?.metrics ?? []).map(
    (name, index): Column<RunSummary> => ({
      id: `metric:${name}`,
      name,
      width: 84,
      isNumber: true,
      isServerSorted: true,
      first: "falling",
      isOptional: !isOfOneFlow || index >= METRICS_SHOWN,
      cell: (run) => valueText(run.metrics?.[name]),
    }),
  );
  const parameters = (filters?.parameters ?? []).map(
    (name): Column<RunSummary> => ({
      id: `parameter:${name}`,
      name: `--${name}`,
      width: 110,
      isServerSorted: true,
      isOptional: true,
      cell: (run) => parameterText(run.parameters?.[name]),
    }),
  );
  return [
    {
      id: "flow",
      name: "Run",
      width: 140,
      isServerSorted: true,
      cell: (run) => <Link to={linkOf(run)}>{run.path}</Link>,
    },
    { id: "status", name: "Status", width: 112, isServerSorted: true, cell: (run) => <Status status={run.status} /> },
    { id: "tasks", name: "Tasks", width: 124, isWide: true, cell: (run) => <TaskBar counts={run.task_counts ?? {}} /> },
    {
      id: "started",
      name: "Started",
      width: 124,
      isServerSorted: true,
      first: "falling",
      cell: (run) => <When at={run.started_at} />,
    },
    {
      id: "duration",
      name: "Duration",
      width: 88,
      isWide: true,
      isNumber: true,
      isServerSorted: true,
      first: "falling",
      cell: (run) => <RunDuration run={run} />,
    },
    ...metrics,
    { id: "user", name: "User", width: 82, isWide: true, isServerSorted: true, cell: (run) => run.user },
    { id: "by", name: "Started by", width: 124, isWide: true, cell: (run) => <StartedBy run={run} /> },
    ...parameters,
    { id: "tags", name: "Tags", width: 130, isWide: true, cell: (run) => <Tags run={run} /> },
    { id: "message", name: "Why it failed", isWide: true, cell: (run) => <Why run={run} /> },
    { id: "note", name: "Note", width: 220, isOptional: true, isServerSorted: true, cell: (run) => run.note ?? "" },
    { id: "project", name: "Project", width: 120, isOptional: true, isServerSorted: true, cell: (run) => run.project ?? "" },
    { id: "host", name: "Host", width: 140, isOptional: true, isServerSorted: true, cell: (run) => run.host },
  ];
}

function RunDuration({ run }: { run: RunSummary }) {
  if (run.status === "queued") return <span className="faint">–</span>;
  if (run.status === "interrupted" && !run.finished_at) return <span className="faint">–</span>;
  return <Duration from={run.started_at} to={run.finished_at} />;
}

function Why({ run }: { run: RunSummary }) {
  const text = whyText(run);
  return (
    <span className="cut muted" title={text}>
      {text}
    </span>
  );
}

function Tags({ run }: { run: RunSummary }) {
  return (
    <span className="row run-tags">
      {(run.tags ?? []).map((tag) => (
        <Link key={tag} className="chip" to={`/runs?tag=${encodeURIComponent(tag)}`}>
          {tag}
        </Link>
      ))}
    </span>
  );
}

function parameterText(value: unknown): string {
  return typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value);
}
