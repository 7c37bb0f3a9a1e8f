/** Who changed what, newest first; only ever added to. */

import { apiUrl } from "@/api/client";
import type { AuditEntry } from "@/api/schema";
import { useEndless } from "@/api/use_query";
import { ProblemNote } from "@/parts/problem";
import { SearchField } from "@/parts/search_field";
import { Spinner } from "@/parts/spinner";
import { Status } from "@/parts/status";
import { type Column, Table } from "@/parts/table";
import { useSort } from "@/parts/use_sort";
import { When } from "@/parts/when";
import { useQueryState } from "@/router/location";
import { projectText } from "@/screens/settings/roles";

const COLUMNS: readonly Column<AuditEntry>[] = [
  { id: "at", name: "When", isServerSorted: true, first: "falling", width: 110, cell: (row) => <When at={row.at} className="muted" /> },
  { id: "user", name: "Who", width: 140, cell: (row) => <strong className="cut">{row.user || "nobody"}</strong> },
  { id: "means", name: "With", width: 90, isWide: true, cell: (row) => <span className="muted">{row.means}</span> },
  { id: "action", name: "What", width: 170, cell: (row) => <span className="cut">{row.action.replaceAll("_", " ")}</span> },
  { id: "on", name: "On", isWide: true, cell: (row) => <On row={row} /> },
  { id: "project", name: "Project", width: 120, isWide: true, cell: (row) => row.project !== null && row.project !== undefined && <span className="cut">{projectText(row.project)}</span> },
  { id: "client", name: "From", width: 130, isWide: true, cell: (row) => <span className="cut muted">{row.client || "beside the store"}</span> },
  { id: "result", name: "Came to", width: 160, cell: (row) => <Result row={row} /> },
];

export function AuditLog() {
  const [search, setSearch] = useQueryState("search");
  const [sort, setSort] = useSort(COLUMNS, "-at");
  const log = useEndless<AuditEntry>(apiUrl("/audit", { search, sort }), keyOf);
  if (log.problem && log.rows.length === 0) return <ProblemNote problem={log.problem} />;
  if (log.isLoading) return <Spinner />;
  return (
    <div className="stack tight">
      <div className="row wrap">
        <span className="push">
          <SearchField name="Who, what or on what" value={search} onChange={setSearch} isFilter />
        </span>
      </div>
      <Table
        label="Audit log"
        rows={log.rows}
        columns={COLUMNS}
        keyOf={keyOf}
        sort={sort}
        onSort={setSort}
        onEnd={log.loadMore}
        empty={<p className="muted pad">{search ? "Nothing that was done is like that" : "Nothing was changed yet"}</p>}
        isFilling
        hasColumnMenu
      />
    </div>
  );
}

function On({ row }: { row: AuditEntry }) {
  const text = [row.on, detailText(row)].filter(Boolean).join("  ");
  return (
    <span className="cut mono" title={text}>
      {text}
    </span>
  );
}

function Result({ row }: { row: AuditEntry }) {
  const text = row.result || "not known";
  return (
    <span className="cut" title={text}>
      <Status status={standing(row)} label={text} />
    </span>
  );
}

function keyOf(entry: AuditEntry): string {
  return `${entry.at} ${entry.user} ${entry.action} ${entry.on}`;
}

function detailText({ details = {} }: AuditEntry): string {
  return Object.entries(details)
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");
}

function standing({ result }: AuditEntry): string {
  if (result === "done") return "succeeded";
  return result ? "refused" : "lost";
}
