/** Every change of what answers: who, when, why. */

import type { ServiceChangeView } from "@/api/schema";
import { useEndless } from "@/api/use_query";
import { ProblemNote } from "@/parts/problem";
import { Spinner } from "@/parts/spinner";
import { type Column, Table } from "@/parts/table";
import { useSort } from "@/parts/use_sort";
import { When } from "@/parts/when";
import { serviceUrl } from "@/screens/endpoints/words";

const COLUMNS: readonly Column<ServiceChangeView>[] = [
  { id: "at", name: "When", isServerSorted: true, first: "falling", width: 150, cell: (row) => <When at={row.at} className="muted" /> },
  { id: "change", name: "What", isServerSorted: true, width: 130, cell: (row) => <strong>{CHANGES[row.change] ?? row.change}</strong> },
  { id: "number", name: "Version", isServerSorted: true, first: "falling", width: 80, isNumber: true, cell: (row) => row.number ?? "–" },
  { id: "user", name: "Who", isServerSorted: true, width: 150, cell: (row) => <span className="cut">{row.user}</span> },
  { id: "reason", name: "Why", cell: (row) => <span className="cut muted">{row.reason}</span> },
];

const CHANGES: Readonly<Record<string, string>> = {
  deploy: "deployed",
  promote: "promoted",
  rollback: "rolled back",
  pause: "paused",
  unpause: "unpaused",
  token: "new token",
};

export function ServiceHistory({ service }: { service: string }) {
  const [sort, setSort] = useSort(COLUMNS, "-at");
  const history = useEndless<ServiceChangeView>(serviceUrl(service, "/history", { sort }), (row) => `${row.at} ${row.change}`);
  if (history.problem && history.rows.length === 0) return <ProblemNote problem={history.problem} />;
  if (history.isLoading) return <Spinner />;
  return (
    <Table
      label={`Changes of ${service}`}
      rows={history.rows}
      columns={COLUMNS}
      keyOf={(row) => `${row.at} ${row.change}`}
      sort={sort}
      onSort={setSort}
      onEnd={history.loadMore}
      isFilling
    />
  );
}
