/** The runs of an alias, newest first. */

import { apiUrl } from "@/api/client";
import type { RunSummary } from "@/api/schema";
import { useEndless } from "@/api/use_query";
import { ProblemNote } from "@/parts/problem";
import { Spinner } from "@/parts/spinner";
import { Status } from "@/parts/status";
import { type Column, Table } from "@/parts/table";
import { useSort } from "@/parts/use_sort";
import { Duration, When } from "@/parts/when";
import { Link } from "@/router/link";
import { linkOfRun } from "@/screens/deployments/run_squares";
import { clockTime, dateText } from "@/words/time";
import { whyText } from "@/words/why";

const COLUMNS: readonly Column<RunSummary>[] = [
  { id: "flow", name: "Run", isServerSorted: true, width: 220, cell: (run) => <Link to={linkOfRun(run.path)}>{run.path}</Link> },
  { id: "status", name: "Status", isServerSorted: true, width: 130, cell: (run) => <Status status={run.status} /> },
  { id: "version", name: "Version", width: 80, isNumber: true, cell: (run) => run.launch?.number ?? "–" },
  { id: "by", name: "Started by", width: 150, cell: (run) => <span className="cut">{run.launch?.trigger.kind}</span> },
  { id: "slot", name: "Slot", width: 150, cell: (run) => <Slot at={run.launch?.logical_date ?? null} /> },
  { id: "started", name: "Started", isServerSorted: true, first: "falling", width: 130, cell: (run) => <When at={run.started_at} className="muted" /> },
  { id: "duration", name: "Took", isServerSorted: true, first: "falling", width: 100, isNumber: true, cell: (run) => <Duration from={run.started_at} to={run.finished_at} /> },
  { id: "message", name: "What went wrong", cell: (run) => <span className="cut muted">{whyText(run)}</span> },
];

export function RunsOf({ target }: { target: string }) {
  const [sort, setSort] = useSort(COLUMNS, "-started");
  const runs = useEndless<RunSummary>(apiUrl("/runs", { target, sort }), (run) => run.path);
  if (runs.problem && runs.rows.length === 0) return <ProblemNote problem={runs.problem} />;
  if (runs.isLoading) return <Spinner />;
  return (
    <Table
      label={`Runs of ${target}`}
      rows={runs.rows}
      columns={COLUMNS}
      keyOf={(run) => run.path}
      linkOf={(run) => linkOfRun(run.path)}
      sort={sort}
      onSort={setSort}
      onEnd={runs.loadMore}
      empty={<p className="muted pad">It has not run yet</p>}
      isFilling
      hasKeys
    />
  );
}

export function Slot({ at }: { at: number | null }) {
  if (at === null) return <span className="faint">–</span>;
  return (
    <span className="number">
      {dateText(at)} {clockTime(at)}
    </span>
  );
}
