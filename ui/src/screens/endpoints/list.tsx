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
import { When } from "@/parts/when";
import { Link } from "@/router/link";
import { pathOf } from "@/router/match";
import { healthText, lookOfService, sharesOf } from "@/screens/endpoints/words";
import { shareText } from "@/words/numbers";

const COLUMNS: readonly Column<ServiceRow>[] = [
  {
    id: "service",
    name: "Service",
    width: 200,
    cell: (row) => (
      <Link className="cut strong" to={pathOf("endpoints", row.service)}>
        {row.service}
      </Link>
    ),
  },
  { id: "stands", name: "Stands", width: 130, cell: (row) => <Status status={lookOfService(row)} label={row.stands} /> },
  { id: "version", name: "Version", width: 150, cell: (row) => <VersionOf row={row} /> },
  { id: "health", name: "Last five minutes", isWide: true, cell: (row) => <span className="cut">{healthText(row.health)}</span> },
  {
    id: "rollout",
    name: "Rollout",
    width: 260,
    isWide: true,
    cell: (row) =>
      row.rollout && (
        <span className="cut">
          version {row.rollout.number}: {row.rollout.words}
        </span>
      ),
  },
  { id: "owner", name: "Owner", width: 110, isWide: true, cell: (row) => <span className="cut">{row.owner}</span> },
  { id: "deployed", name: "Deployed", width: 130, isWide: true, cell: (row) => <When at={row.deployed_at} className="muted" /> },
];

export function ServiceList() {
  const services = useEndless<ServiceRow>(apiUrl("/services"), (row) => row.service);
  if (services.problem && services.rows.length === 0) return <ProblemNote problem={services.problem} />;
  if (services.isLoading) return <Spinner isPage />;
  return (
    <div className="stack">
      <h1>Endpoints</h1>
      <Table
        label="Services"
        rows={services.rows}
        columns={COLUMNS}
        keyOf={(row) => row.service}
        linkOf={(row) => pathOf("endpoints", row.service)}
        onEnd={services.loadMore}
        isFilling
        hasKeys
        empty={
          <Empty icon="endpoints" title="No model answers yet" command="headwater deploy service.py">
            A class with <code>@endpoint</code> methods is audited, deployed as a version, and answers.
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
