/** The schedules of all deployments: what fires when, in the reader's zone and in its own, and what became of slots. */

import "./schedules.css";

import { apiUrl } from "@/api/client";
import type { FiringRow, NextRow, ScheduleView } from "@/api/schema";
import { type Page, useEndless, useQuery } from "@/api/use_query";
import { Empty } from "@/parts/empty";
import { ProblemNote } from "@/parts/problem";
import { Spinner } from "@/parts/spinner";
import { Status } from "@/parts/status";
import { type Column, Table } from "@/parts/table";
import { When } from "@/parts/when";
import { Link } from "@/router/link";
import { pathOf } from "@/router/match";
import { lookOfVerdict } from "@/screens/deployments/firings";
import { linkOfRun } from "@/screens/deployments/run_squares";
import { Slot } from "@/screens/deployments/runs_of";
import { clockTime, dateText } from "@/words/time";

const NEXT_SHOWN = 12;

const SCHEDULES: readonly Column<ScheduleView>[] = [
  { id: "target", name: "Deployment", width: 260, cell: (row) => <TargetLink target={row.target} /> },
  {
    id: "schedule",
    name: "Schedule",
    cell: ({ name, schedule }) => (
      <span className="row">
        <code className="cut">{schedule.cron}</code>
        {name !== schedule.cron && <span className="cut">{name}</span>}
        <span className="cut muted">{schedule.timezone}</span>
      </span>
    ),
  },
  { id: "stands", name: "Stands", width: 120, cell: (row) => <Status status={row.due ? "late" : standing(row.stands)} label={row.due ? "late" : row.stands} /> },
  { id: "next", name: "Next", width: 140, cell: (row) => (row.next_at[0] ? <When at={row.next_at[0]} /> : <span className="faint">–</span>) },
  {
    id: "last",
    name: "Last slot",
    width: 260,
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
];

const FIRINGS: readonly Column<FiringRow>[] = [
  { id: "at", name: "When", width: 130, cell: (row) => <When at={row.at} className="muted" /> },
  { id: "target", name: "Deployment", width: 240, cell: (row) => <TargetLink target={row.target} /> },
  { id: "source", name: "By", width: 180, cell: (row) => <span className="cut">{row.source.replace(":", ": ")}</span> },
  { id: "slot", name: "Slot", width: 150, cell: (row) => <Slot at={row.slot} /> },
  { id: "verdict", name: "Verdict", width: 110, cell: (row) => <Status status={lookOfVerdict(row.verdict)} label={row.verdict} /> },
  {
    id: "what",
    name: "What came of it",
    cell: (row) => (row.run ? <Link to={linkOfRun(row.run)}>{row.run}</Link> : <span className="cut muted">{row.reason}</span>),
  },
];

export default function Schedules() {
  const schedules = useEndless<ScheduleView>(apiUrl("/schedules"), (row) => `${row.target} ${row.name}`);
  const next = useQuery<Page<NextRow>>(apiUrl("/firings/next", { limit: NEXT_SHOWN }));
  const firings = useEndless<FiringRow>(apiUrl("/firings"), (row) => row.key);
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
          <Coming rows={next.data?.rows ?? []} />
          <Table
            label="Schedules"
            rows={schedules.rows}
            columns={SCHEDULES}
            keyOf={(row) => `${row.target} ${row.name}`}
            linkOf={(row) => pathOf("deployments", row.target)}
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
          onEnd={firings.loadMore}
          maxHeight={560}
          empty={<p className="muted pad">Nothing has fired yet</p>}
        />
      </section>
    </div>
  );
}

/** The next firings of all, day by day. */
function Coming({ rows }: { rows: readonly NextRow[] }) {
  if (rows.length === 0) return null;
  const days = new Map<string, NextRow[]>();
  for (const row of rows) days.set(dateText(row.at), [...(days.get(dateText(row.at)) ?? []), row]);
  return (
    <section className="card">
      <header>
        <h2>Coming</h2>
        <span className="muted push">in your time</span>
      </header>
      <div className="body coming">
        {[...days].map(([day, some]) => (
          <div key={day} className="coming-day">
            <h3>{day}</h3>
            <ul>
              {some.map((row) => (
                <li key={`${row.target} ${row.schedule} ${row.at}`}>
                  <span className="number strong">{clockTime(row.at)}</span>
                  <TargetLink target={row.target} />
                </li>
              ))}
            </ul>
          </div>
        ))}
      </div>
    </section>
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
