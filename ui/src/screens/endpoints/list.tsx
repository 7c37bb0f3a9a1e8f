/** The services: which version answers, and how it does. */

import "@/parts/plain.css";
import "./endpoints.css";

import type { ServiceRow } from "@/api/schema";
import { apiUrl } from "@/api/client";
import { useEndless } from "@/api/use_query";
import { Empty } from "@/parts/empty";
import { ProblemNote } from "@/parts/problem";
import { Spinner } from "@/parts/spinner";
import { Status } from "@/parts/status";
import { type Column, Table } from "@/parts/table";
import { useSort } from "@/parts/use_sort";
import { When } from "@/parts/when";
import { Link } from "@/router/link";
import { pathOf } from "@/router/match";
import { LOOKS } from "@/screens/endpoints/plan";
import { usePulse } from "@/screens/endpoints/use_pulse";
import { isBadly, lookOfService, rateText, sharesOf, standsText } from "@/screens/endpoints/words";
import { durationText } from "@/words/duration";
import { shareText } from "@/words/numbers";

const COLUMNS: readonly Column<ServiceRow>[] = [
  {
    id: "service",
    name: "Service",
    isServerSorted: true,
    width: 180,
    cell: (row) => (
      <Link className="cut strong" to={pathOf("endpoints", row.service)}>
        {row.service}
      </Link>
    ),
  },
  { id: "stands", name: "Stands", isServerSorted: true, width: 164, cell: (row) => <Status status={lookOfService(row)} label={standsText(row)} /> },
  {
    id: "failed",
    name: "Failed",
    isServerSorted: true,
    first: "falling",
    width: 84,
    isNumber: true,
    cell: ({ health }) => <span className={isBadly(health) ? "bad-text strong" : ""}>{health ? shareText(health.failed) : <None />}</span>,
  },
  { id: "p99", name: "p99", isServerSorted: true, first: "falling", width: 84, isNumber: true, isWide: true, cell: ({ health }) => (health?.p99 ? durationText(health.p99) : <None />) },
  { id: "p50", name: "p50", width: 84, isNumber: true, isWide: true, cell: ({ health }) => (health?.p50 ? durationText(health.p50) : <None />) },
  { id: "requests", name: "Req/min", isServerSorted: true, first: "falling", width: 84, isNumber: true, isWide: true, cell: ({ health }) => (health ? rateText(health) : <None />) },
  { id: "number", name: "Version", isServerSorted: true, first: "falling", width: 150, isWide: true, cell: (row) => <VersionOf row={row} /> },
  { id: "rollout", name: "Takes over", isWide: true, cell: (row) => <TakesOver row={row} /> },
  { id: "owner", name: "Owner", isServerSorted: true, width: 110, isWide: true, cell: (row) => <span className="cut">{row.owner}</span> },
  { id: "deployed_at", name: "Deployed", isServerSorted: true, first: "falling", width: 120, isWide: true, cell: (row) => <When at={row.deployed_at} className="muted" /> },
];

export function ServiceList() {
  const [sort, setSort] = useSort(COLUMNS, "service");
  const url = apiUrl("/services", { sort });
  const services = useEndless<ServiceRow>(url, (row) => row.service);
  usePulse(url);
  if (services.problem && services.rows.length === 0) return <ProblemNote problem={services.problem} />;
  if (services.isLoading) return <Spinner isPage />;
  return (
    <div className="stack">
      <div className="row wrap">
        <h1>Endpoints</h1>
        <span className="muted">as they did in the last five minutes</span>
      </div>
      <Table
        label="Services"
        rows={services.rows}
        columns={COLUMNS}
        keyOf={(row) => row.service}
        linkOf={(row) => pathOf("endpoints", row.service)}
        sort={sort}
        onSort={setSort}
        onEnd={services.loadMore}
        isFilling
        hasKeys
        empty={
          <Empty icon="endpoints" title="No model answers yet" command="headwater deploy service.py">
            A class with <code>@endpoint</code> methods is audited, deployed as a version, and answers: <code>headwater new</code> writes a flow
            whose model it can take.
          </Empty>
        }
      />
    </div>
  );
}

function VersionOf({ row }: { row: ServiceRow }) {
  if (row.answering !== null && row.answering !== row.number) {
    return (
      <span>
        {row.answering} <span className="muted">not yet {row.number}</span>
      </span>
    );
  }
  return (
    <span className="cut">
      {sharesOf(row)
        .map(({ version, share }, _, all) => (all.length > 1 ? `${version} (${shareText(share)})` : version))
        .join(", ")}
    </span>
  );
}

function TakesOver({ row: { rollout } }: { row: ServiceRow }) {
  if (!rollout) return null;
  return <Status status={LOOKS[rollout.state] ?? rollout.state} label={`${rollout.number}: ${rollout.words}`} />;
}

function None() {
  return <span className="faint">–</span>;
}
