/** What was done about the slots, events and requests of an alias. */

import "@/screens/schedules/schedules.css";

import { apiUrl } from "@/api/client";
import type { FiringRow, ScheduleView } from "@/api/schema";
import { useEndless } from "@/api/use_query";
import { ProblemNote } from "@/parts/problem";
import { Spinner } from "@/parts/spinner";
import { Status, StatusIcon } from "@/parts/status";
import { type Column, Table } from "@/parts/table";
import { useSort } from "@/parts/use_sort";
import { When } from "@/parts/when";
import { Link } from "@/router/link";
import { linkOfRun } from "@/screens/deployments/run_squares";
import { Slot } from "@/screens/deployments/runs_of";
import { Strip } from "@/screens/schedules/strip";
import { useLanes } from "@/screens/schedules/use_lanes";

const COLUMNS: readonly Column<FiringRow>[] = [
  { id: "at", name: "When", isServerSorted: true, first: "falling", width: 130, cell: (row) => <When at={row.at} className="muted" /> },
  { id: "source", name: "By", isServerSorted: true, width: 200, cell: (row) => <span className="cut">{row.source.replace(":", ": ")}</span> },
  { id: "slot", name: "Slot", isServerSorted: true, first: "falling", width: 160, cell: (row) => <Slot at={row.slot} /> },
  { id: "verdict", name: "Verdict", isServerSorted: true, width: 120, cell: (row) => <Status status={lookOfVerdict(row.verdict)} label={row.verdict} /> },
  {
    id: "what",
    name: "What came of it",
    cell: (row) => <CameOf row={row} />,
  },
];

export function Firings({ target, schedules }: { target: string; schedules: readonly ScheduleView[] }) {
  const [sort, setSort] = useSort(COLUMNS, "-at");
  const firings = useEndless<FiringRow>(apiUrl("/firings", { target, sort }), (row) => row.key);
  if (firings.problem && firings.rows.length === 0) return <ProblemNote problem={firings.problem} />;
  if (firings.isLoading) return <Spinner />;
  return (
    <div className="stack">
      {schedules.length > 0 && <Times schedules={schedules} target={target} />}
      <Table
        label={`Firings of ${target}`}
        rows={firings.rows}
        columns={COLUMNS}
        keyOf={(row) => row.key}
        sort={sort}
        onSort={setSort}
        onEnd={firings.loadMore}
        empty={<p className="muted pad">Nothing has fired yet</p>}
        isFilling
        hasKeys
      />
    </div>
  );
}

const DAY = 86400;

function Times({ schedules, target }: { schedules: readonly ScheduleView[]; target: string }) {
  const seconds = schedules.some(({ next_at: [one, two] }) => one && two && two - one < DAY / 6) ? DAY / 8 : 5 * DAY;
  const { lanes, span } = useLanes(schedules, seconds, target);
  return (
    <section className="card">
      <Strip lanes={lanes} span={span} hasTargets={false} />
    </section>
  );
}

/** What came of a firing: its run and how that stands, or why there is none. */
export function CameOf({ row }: { row: FiringRow }) {
  if (!row.run) {
    return (
      <span className="row">
        <StatusIcon status={lookOfVerdict(row.verdict)} size={12} isSilent />
        <span className="cut muted">{row.reason || row.verdict}</span>
      </span>
    );
  }
  return (
    <span className="row">
      <Link to={linkOfRun(row.run)}>{row.run}</Link>
      {row.status && <Status status={row.status} />}
    </span>
  );
}

/** The state whose look a verdict has. */
export function lookOfVerdict(verdict: string): string {
  return { started: "succeeded", skipped: "skipped", missed: "missed", refused: "refused" }[verdict] ?? verdict;
}
