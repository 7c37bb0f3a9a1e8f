/** The alerts, newest first, and the channels. */

import { apiUrl } from "@/api/client";
import type { AlertRow, ChannelsPage } from "@/api/schema";
import { useEndless, useQuery } from "@/api/use_query";
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
import { deliveryText, lookOfKind } from "@/screens/alerts/words";
import { countText } from "@/words/numbers";

const COLUMNS: readonly Column<AlertRow>[] = [
  { id: "kind", name: "What", isServerSorted: true, width: 130, cell: (row) => <Status status={lookOfKind(row.kind)} label={row.kind} /> },
  { id: "title", name: "Told", isServerSorted: true, cell: (row) => <strong className="cut">{row.title}</strong> },
  {
    id: "target",
    name: "Of",
    isServerSorted: true,
    width: 200,
    isWide: true,
    cell: (row) => (
      <Link className="cut" to={pathOf("deployments", row.target)}>
        {row.target}
      </Link>
    ),
  },
  { id: "count", name: "Times", isServerSorted: true, first: "falling", width: 70, isNumber: true, isWide: true, cell: (row) => countText(row.count) },
  { id: "delivered", name: "Arrived", width: 230, isWide: true, cell: (row) => <span className="cut muted">{deliveryText(row)}</span> },
  { id: "at", name: "When", isServerSorted: true, first: "falling", width: 130, cell: (row) => <When at={row.at} className="muted" /> },
];

export function AlertList() {
  const [search, setSearch] = useQueryState("search");
  const [sort, setSort] = useSort(COLUMNS, "-at");
  const alerts = useEndless<AlertRow>(apiUrl("/alerts", { search, sort }), (row) => row.cause);
  return (
    <div className="stack">
      <div className="row wrap">
        <h1>Alerts</h1>
        <span className="push">
          <SearchField name="What, deployment or run" value={search} onChange={setSearch} isFilter />
        </span>
      </div>
      {alerts.problem && <ProblemNote problem={alerts.problem} />}
      {alerts.isLoading ? (
        <Spinner />
      ) : alerts.rows.length === 0 && search ? (
        <Empty icon="search" title="No alert is like that">
          Part of what was told, of a deployment, a step or a run is enough.
        </Empty>
      ) : alerts.rows.length === 0 ? (
        <Empty icon="alerts" title="Nobody had to be told anything">
          A production deployment that fails, misses a slot or recovers is told of once, on every channel below.
        </Empty>
      ) : (
        <Table
          label="Alerts"
          rows={alerts.rows}
          columns={COLUMNS}
          keyOf={(row) => row.cause}
          linkOf={(row) => pathOf("alerts", row.cause)}
          sort={sort}
          onSort={setSort}
          onEnd={alerts.loadMore}
          maxHeight={620}
          hasKeys
        />
      )}
      <Channels />
    </div>
  );
}

function Channels() {
  const { data, problem } = useQuery<ChannelsPage>(apiUrl("/alert-channels"));
  if (problem && !data) return <ProblemNote problem={problem} />;
  if (!data) return null;
  return (
    <section className="card">
      <header>
        <h2>Channels</h2>
      </header>
      <div className="body stack tight">
        {data.rows.length === 0 && (
          <p className="muted">
            There is none, so alerts are only kept here: <code>headwater alert add webhook NAME URL</code>
          </p>
        )}
        {data.rows.map((channel) => (
          <p key={channel.label} className="row wrap">
            <strong>{channel.label}</strong>
            <span className="muted">{channel.where}</span>
          </p>
        ))}
        {(data.problems ?? []).map((text) => (
          <p key={text} className="row">
            <Status status="failed" label={text} />
          </p>
        ))}
      </div>
    </section>
  );
}
