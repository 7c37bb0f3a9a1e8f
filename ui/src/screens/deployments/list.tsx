/** The aliases: what each names, when it fires next, and how its last runs went. */

import "@/parts/plain.css";
import "./deployments.css";

import { apiUrl } from "@/api/client";
import type { DeploymentRow } from "@/api/schema";
import { useEndless } from "@/api/use_query";
import { Empty } from "@/parts/empty";
import { ProblemNote } from "@/parts/problem";
import { SearchField } from "@/parts/search_field";
import { Spinner } from "@/parts/spinner";
import { Status } from "@/parts/status";
import { type Column, Table } from "@/parts/table";
import { useSort } from "@/parts/use_sort";
import { When } from "@/parts/when";
import { Link } from "@/router/link";
import { useQueryState } from "@/router/location";
import { pathOf } from "@/router/match";
import { RunSquares, standingOf } from "@/screens/deployments/run_squares";
import { cronText } from "@/words/cron";

/** Runs that a row has room for. */
const SHOWN = 8;

const COLUMNS: readonly Column<DeploymentRow>[] = [
  {
    id: "target",
    name: "Deployment",
    isServerSorted: true,
    cell: ({ alias }) => (
      <span className="row">
        <Link className="cut strong" to={pathOf("deployments", alias.target)}>
          {alias.target}
        </Link>
        {alias.shadow_of && <span className="chip">shadow</span>}
      </span>
    ),
  },
  { id: "stands", name: "Stands", isServerSorted: true, width: 110, cell: ({ alias, runs }) => <Status {...standingOf(alias.stands, runs)} /> },
  { id: "number", name: "Version", isServerSorted: true, first: "falling", width: 80, isNumber: true, isWide: true, cell: ({ alias }) => alias.number ?? "–" },
  { id: "runs", name: "Last runs", width: 160, isWide: true, cell: (row) => <RunSquares runs={row.runs.slice(0, SHOWN)} /> },
  { id: "next_at", name: "Fires next", isServerSorted: true, width: 140, isWide: true, cell: (row) => (row.next_at ? <When at={row.next_at} /> : <Waits row={row} />) },
  {
    id: "starts",
    name: "Started by",
    width: 270,
    isWide: true,
    cell: (row) => <span className="cut muted">{[...row.schedules.map(cronText), ...row.triggers].join(", ") || "people"}</span>,
  },
  { id: "owner", name: "Owner", isServerSorted: true, width: 110, isWide: true, cell: ({ alias }) => <span className="cut">{alias.owner}</span> },
  { id: "deployed_at", name: "Deployed", isServerSorted: true, first: "falling", width: 130, isWide: true, cell: (row) => row.deployed_at && <When at={row.deployed_at} className="muted" /> },
];

export function DeploymentList() {
  const [search, setSearch] = useQueryState("search");
  const [sort, setSort] = useSort(COLUMNS, "target");
  const list = useEndless<DeploymentRow>(apiUrl("/deployments", { search, sort }), (row) => row.alias.target);
  return (
    <div className="stack">
      <div className="row wrap">
        <h1>Deployments</h1>
        <span className="push">
          <SearchField name="Name" value={search} onChange={setSearch} isFilter />
        </span>
      </div>
      {list.problem && <ProblemNote problem={list.problem} />}
      {list.isLoading ? (
        <Spinner />
      ) : (
        <Table
          label="Deployments"
          rows={list.rows}
          columns={COLUMNS}
          keyOf={(row) => row.alias.target}
          linkOf={(row) => pathOf("deployments", row.alias.target)}
          sort={sort}
          onSort={setSort}
          onEnd={list.loadMore}
          isFilling
          hasKeys
          empty={
            search ? (
              <Empty icon="search" title="No deployment is called so">
                Part of its name is enough.
              </Empty>
            ) : (
              <Empty icon="deployments" title="Nothing is deployed yet" command="headwater deploy flow.py --production">
                It packages the flow as it is now, and starts its schedules.
              </Empty>
            )
          }
        />
      )}
    </div>
  );
}

function Waits({ row }: { row: DeploymentRow }) {
  if (row.alias.is_paused) return <span className="muted">paused</span>;
  return <span className="faint">{row.triggers.length > 0 ? "on its events" : "–"}</span>;
}

