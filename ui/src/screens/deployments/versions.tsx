/** The versions of an alias's flow: what was put to work, never changed. */

import type { AliasView, VersionRow } from "@/api/schema";
import { useEndless } from "@/api/use_query";
import { ProblemNote } from "@/parts/problem";
import { Spinner } from "@/parts/spinner";
import { type Column, Table } from "@/parts/table";
import { useSort } from "@/parts/use_sort";
import { When } from "@/parts/when";
import { Link } from "@/router/link";
import { useAddress, useQueryState, withQuery } from "@/router/location";
import { aliasUrl } from "@/screens/deployments/urls";
import { OneVersion } from "@/screens/deployments/version";
import { plural, sizeText } from "@/words/numbers";

const COLUMNS: readonly Column<VersionRow>[] = [
  { id: "number", name: "Version", isServerSorted: true, first: "falling", width: 80, isNumber: true, cell: (row) => <VersionLink number={row.number} /> },
  {
    id: "aliases",
    name: "Named by",
    width: 240,
    cell: (row) => (
      <span className="row">
        {row.aliases.map((alias) => (
          <span key={alias} className="chip">
            {alias.slice(alias.indexOf("@") + 1)}
          </span>
        ))}
      </span>
    ),
  },
  { id: "at", name: "Deployed", isServerSorted: true, first: "falling", width: 140, cell: (row) => <When at={row.at} className="muted" /> },
  { id: "user", name: "By", isServerSorted: true, width: 120, cell: (row) => <span className="cut">{row.user}</span> },
  {
    id: "size",
    name: "Package",
    isServerSorted: true,
    first: "falling",
    width: 160,
    cell: ({ package: { files, size_bytes } }) => `${plural(files, "file")}, ${sizeText(size_bytes)}`,
  },
  { id: "note", name: "Note", isServerSorted: true, cell: (row) => <span className="cut muted">{row.note}</span> },
];

export function Versions({ alias }: { alias: AliasView }) {
  const [chosen, choose] = useQueryState("version", "", { push: true });
  const number = Number(chosen);
  if (chosen && Number.isInteger(number)) return <OneVersion key={number} alias={alias} number={number} back={() => choose("")} />;
  return <VersionList alias={alias} />;
}

function VersionLink({ number }: { number: number }) {
  const { path, query } = useAddress();
  return (
    <Link className="strong" to={withQuery(path, query, { version: String(number) })}>
      {number}
    </Link>
  );
}

function VersionList({ alias }: { alias: AliasView }) {
  const { path, query } = useAddress();
  const [sort, setSort] = useSort(COLUMNS, "-number");
  const versions = useEndless<VersionRow>(aliasUrl(alias.target, `/versions?sort=${sort}`), (row) => row.id);
  if (versions.problem && versions.rows.length === 0) return <ProblemNote problem={versions.problem} />;
  if (versions.isLoading) return <Spinner />;
  return (
    <Table
      label={`Versions of ${alias.name}`}
      rows={versions.rows}
      columns={COLUMNS}
      keyOf={(row) => row.id}
      linkOf={(row) => withQuery(path, query, { version: String(row.number) })}
      sort={sort}
      onSort={setSort}
      onEnd={versions.loadMore}
      isFilling
      hasKeys
    />
  );
}
