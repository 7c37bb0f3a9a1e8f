/** The schedules of all deployments: what fires when, in the reader's zone and in its own, and what became of slots. */

import "@/parts/plain.css";
import "./schedules.css";

import { apiUrl } from "@/api/client";
import type { FiringRow, ScheduleView } from "@/api/schema";
import { useEndless } from "@/api/use_query";
import { Empty } from "@/parts/empty";
import { ProblemNote } from "@/parts/problem";
import { Spinner } from "@/parts/spinner";
import { Status, StatusIcon } from "@/parts/status";
import { Switch } from "@/parts/switch";
import { type Column, Table } from "@/parts/table";
import { useSort } from "@/parts/use_sort";
import { When } from "@/parts/when";
import { Link } from "@/router/link";
import { useQueryState } from "@/router/location";
import { pathOf } from "@/router/match";
import { CameOf, lookOfVerdict } from "@/screens/deployments/firings";
import { linkOfRun } from "@/screens/deployments/run_squares";
import { Slot } from "@/screens/deployments/runs_of";
import { Deeds } from "@/screens/schedules/deeds";
import { sourceText } from "@/screens/schedules/lanes";
import { Strip } from "@/screens/schedules/strip";
import { useLanes } from "@/screens/schedules/use_lanes";
import { cronText } from "@/words/cron";
import { clockTime } from "@/words/time";

const SPANS = [
  { id: "1h", name: "An hour", seconds: 3600 },
  { id: "12h", name: "Half a day", seconds: 12 * 3600 },
  { id: "3d", name: "Three days", seconds: 3 * 86400 },
  { id: "7d", name: "A week", seconds: 7 * 86400 },
];

const SCHEDULES: readonly Column<ScheduleView>[] = [
  { id: "target", name: "Deployment", isServerSorted: true, width: 230, cell: (row) => <TargetLink target={row.target} /> },
  {
    id: "name",
    name: "Schedule",
    isServerSorted: true,
    isWide: true,
    cell: ({ name, schedule }) => (
      <span className="row">
        <span className="cut" title={schedule.cron}>
          {cronText(schedule.cron)}
        </span>
        {name !== schedule.cron && <span className="chip cut">{name}</span>}
        <span className="cut muted">{schedule.timezone}</span>
      </span>
    ),
  },
  { id: "stands", name: "Stands", isServerSorted: true, width: 120, cell: (row) => <Status status={row.due ? "late" : standing(row.stands)} label={row.due ? "late" : row.stands} /> },
  { id: "next_at", name: "Next", isServerSorted: true, width: 140, cell: (row) => (row.next_at[0] ? <When at={row.next_at[0]} /> : <span className="faint">–</span>) },
  { id: "there", name: "On its clocks", width: 120, isWide: true, cell: (row) => <There row={row} /> },
  {
    id: "last_slot",
    name: "Last slot",
    isServerSorted: true,
    first: "falling",
    width: 240,
    isWide: true,
    cell: (row) =>
      row.last_verdict === null ? (
        <span className="faint">never fired</span>
      ) : (
        <span className="row">
          <Status status={lookOfVerdict(row.last_verdict)} label={row.last_verdict} />
          {row.last_slot !== null && <When at={row.last_slot} className="muted" />}
        </span>
      ),
  },
  { id: "deeds", name: "Now", width: 84, isWide: true, cell: (row) => <Deeds row={row} /> },
];

const FIRINGS: readonly Column<FiringRow>[] = [
  { id: "at", name: "When", isServerSorted: true, first: "falling", width: 104, cell: (row) => <When at={row.at} className="muted" /> },
  { id: "target", name: "Deployment", isServerSorted: true, isWide: true, cell: (row) => <TargetLink target={row.target} /> },
  { id: "source", name: "By", isServerSorted: true, width: 180, isWide: true, cell: (row) => <span className="cut">{sourceText(row.source)}</span> },
  { id: "slot", name: "Slot", isServerSorted: true, first: "falling", width: 150, isWide: true, cell: (row) => <Slot at={row.slot} /> },
  { id: "verdict", name: "Verdict", isServerSorted: true, width: 110, isWide: true, cell: (row) => <Status status={lookOfVerdict(row.verdict)} label={row.verdict} /> },
  {
    id: "what",
    name: "What came of it",
    cell: (row) => <CameOf row={row} />,
  },
];

export default function Schedules() {
  const [sort, setSort] = useSort(SCHEDULES, "target");
  const [firingSort, setFiringSort] = useSort(FIRINGS, "-at", "firings");
  const schedules = useEndless<ScheduleView>(apiUrl("/schedules", { sort }), (row) => `${row.target} ${row.name}`);
  const firings = useEndless<FiringRow>(apiUrl("/firings", { sort: firingSort }), (row) => row.key);
  if (schedules.problem && schedules.rows.length === 0) return <ProblemNote problem={schedules.problem} />;
  if (schedules.isLoading) return <Spinner isPage />;
  return (
    <div className="stack">
      <h1>Schedules</h1>
      {schedules.rows.length === 0 ? (
        <Empty icon="schedules" title="Nothing is scheduled" command="headwater deploy flow.py --production">
          A flow with <code>@schedule(daily=True)</code> fires once it is deployed.
        </Empty>
      ) : (
        <>
          <Times schedules={schedules.rows} />
          <Table
            label="Schedules"
            rows={schedules.rows}
            columns={SCHEDULES}
            keyOf={(row) => `${row.target} ${row.name}`}
            linkOf={(row) => pathOf("deployments", row.target)}
            sort={sort}
            onSort={setSort}
            onEnd={schedules.loadMore}
            maxHeight={420}
            hasKeys
          />
        </>
      )}
      <section className="stack tight">
        <h2>What fired</h2>
        <Table
          label="What fired"
          rows={firings.rows}
          columns={FIRINGS}
          keyOf={(row) => row.key}
          linkOf={(row) => (row.run ? linkOfRun(row.run) : pathOf("deployments", row.target))}
          sort={firingSort}
          onSort={setFiringSort}
          onEnd={firings.loadMore}
          maxHeight={560}
          empty={<p className="muted pad">Nothing has fired yet</p>}
        />
      </section>
    </div>
  );
}

/** The time that shows some firings of what fires most often. */
function usualSpan(schedules: readonly ScheduleView[]): string {
  const gaps = schedules.flatMap(({ next_at: [one, two] }) => (one !== undefined && two !== undefined ? [two - one] : []));
  const least = Math.min(...gaps, Infinity);
  return least < 900 ? "1h" : least < 4 * 3600 ? "12h" : "3d";
}

/** What fired and will fire around now, a lane a schedule. */
function Times({ schedules }: { schedules: readonly ScheduleView[] }) {
  const [chosen, choose] = useQueryState("around", usualSpan(schedules));
  const seconds = SPANS.find(({ id }) => id === chosen)?.seconds ?? 3600;
  const { lanes, span } = useLanes(schedules, seconds);
  return (
    <section className="card">
      <header>
        <h2>Around now</h2>
        <span className="muted">in your time</span>
        <span className="row wrap push">
          <Key />
          <Switch label="Time before and after now" options={SPANS} chosen={chosen} choose={choose} />
        </span>
      </header>
      <Strip lanes={lanes} span={span} />
    </section>
  );
}

/** The next firing on the clocks of the schedule's zone. */
function There({ row: { next_at, schedule } }: { row: ScheduleView }) {
  if (next_at[0] === undefined) return <span className="faint">–</span>;
  return <span className="number muted">{clockTime(next_at[0], schedule.timezone ?? "UTC")}</span>;
}

function Key() {
  return (
    <span className="row wrap muted" aria-hidden>
      {["succeeded", "failed", "skipped", "missed"].map((look) => (
        <span key={look} className="strip-key">
          <StatusIcon status={look} size={12} isSilent /> {look}
        </span>
      ))}
      <span className="strip-key">
        <StatusIcon status="pending" size={12} isSilent /> to come
      </span>
    </span>
  );
}

function TargetLink({ target }: { target: string }) {
  return (
    <Link className="cut" to={pathOf("deployments", target)}>
      {target}
    </Link>
  );
}

function standing(stands: ScheduleView["stands"]): string {
  return { fires: "active", paused: "paused", shadow: "idle", ended: "stopped" }[stands];
}
