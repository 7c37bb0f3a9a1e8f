/** Every change of an alias: who, when, why. */

import type { AliasChangeView } from "@/api/schema";
import { useEndless } from "@/api/use_query";
import { ProblemNote } from "@/parts/problem";
import { Spinner } from "@/parts/spinner";
import { type Column, Table } from "@/parts/table";
import { useSort } from "@/parts/use_sort";
import { When } from "@/parts/when";
import { aliasUrl } from "@/screens/deployments/urls";

const COLUMNS: readonly Column<AliasChangeView>[] = [
  { id: "at", name: "When", isServerSorted: true, first: "falling", width: 150, cell: (row) => <When at={row.at} className="muted" /> },
  { id: "change", name: "What", isServerSorted: true, width: 130, cell: (row) => <strong>{row.change}</strong> },
  { id: "number", name: "Version", isServerSorted: true, first: "falling", width: 80, isNumber: true, cell: (row) => row.number ?? "–" },
  { id: "user", name: "Who", isServerSorted: true, width: 150, cell: (row) => <span className="cut">{row.user}</span> },
  { id: "reason", name: "Why", cell: (row) => <span className="cut muted">{row.reason}</span> },
];

export function History({ target }: { target: string }) {
  const [sort, setSort] = useSort(COLUMNS, "-at");
  const history = useEndless<AliasChangeView>(aliasUrl(target, `/history?sort=${sort}`), (row) => `${row.at} ${row.change}`);
  if (history.problem && history.rows.length === 0) return <ProblemNote problem={history.problem} />;
  if (history.isLoading) return <Spinner />;
  return (
    <Table
      label={`Changes of ${target}`}
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
