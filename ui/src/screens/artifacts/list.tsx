/** The artifacts that tasks set, newest run first. */

import "./artifacts.css";

import { apiUrl } from "@/api/client";
import { useEndless } from "@/api/use_query";
import { Empty } from "@/parts/empty";
import { ProblemNote } from "@/parts/problem";
import { SearchField } from "@/parts/search_field";
import { Spinner } from "@/parts/spinner";
import { type Column, Table } from "@/parts/table";
import { useSort } from "@/parts/use_sort";
import { When } from "@/parts/when";
import { Link } from "@/router/link";
import { useQueryState } from "@/router/location";
import { pathOf } from "@/router/match";
import { type ArtifactSummary, shortType } from "@/screens/artifacts/shapes";
import { gist } from "@/screens/artifacts/gist";
import { sizeText } from "@/words/numbers";

const COLUMNS: readonly Column<ArtifactSummary>[] = [
  { id: "name", name: "Name", isServerSorted: true, width: 170, cell: (row) => <strong className="cut">{row.name}</strong> },
  { id: "value", name: "Value", cell: (row) => <span className="cut mono muted">{gist(row.value)}</span> },
  {
    id: "type",
    name: "Type",
    isServerSorted: true,
    width: 150,
    cell: (row) => (
      <span className="cut" title={row.value.type}>
        {shortType(row.value.type)}
      </span>
    ),
  },
  { id: "size", name: "Size", isServerSorted: true, first: "falling", width: 90, isNumber: true, cell: (row) => sizeText(row.value.size) },
  { id: "task", name: "Set by", width: 260, cell: (row) => <TaskLink row={row} /> },
  { id: "run", name: "When", isServerSorted: true, first: "falling", width: 130, cell: (row) => <When at={row.at} className="muted" /> },
];

export function ArtifactList() {
  const [search, setSearch] = useQueryState("search");
  const [flow, setFlow] = useQueryState("flow");
  const [sort, setSort] = useSort(COLUMNS, "-run");
  const url = apiUrl("/artifacts", { search, flow, sort });
  const artifacts = useEndless<ArtifactSummary>(url, (row) => row.path);
  return (
    <div className="stack">
      <div className="row wrap">
        <h1>Artifacts</h1>
        <span className="push row wrap">
          <SearchField name="Name or type" value={search} onChange={setSearch} isFilter />
          <SearchField name="Flow" value={flow} onChange={setFlow} />
        </span>
      </div>
      {artifacts.problem && <ProblemNote problem={artifacts.problem} />}
      {artifacts.isLoading ? (
        <Spinner />
      ) : (
        <Table
          label="Artifacts"
          rows={artifacts.rows}
          columns={COLUMNS}
          keyOf={(row) => row.path}
          linkOf={(row) => pathOf("artifacts", row.value.digest)}
          sort={sort}
          onSort={setSort}
          onEnd={artifacts.loadMore}
          foot={artifacts.isLoadingMore ? <Spinner /> : null}
          empty={
            search || flow ? (
              <Empty icon="search" title="No artifact is called so">
                Part of its name or of its type is enough.
              </Empty>
            ) : (
              <Empty icon="artifacts" title="No artifact was kept yet" command="headwater demo">
                What a step assigns to <code>self</code> is kept, and shows up here.
              </Empty>
            )
          }
          isFilling
          hasKeys
        />
      )}
    </div>
  );
}

function TaskLink({ row }: { row: ArtifactSummary }) {
  const [flow = "", label = ""] = row.run.split("/");
  return (
    <Link className="cut" to={pathOf("runs", flow, label, row.step, row.label)}>
      {row.run}/{row.step}/{row.label}
    </Link>
  );
}
