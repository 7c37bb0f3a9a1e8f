/** The artifacts that the tasks of a run set, each with its preview. */

import { useEffect, useState } from "react";

import { answers } from "@/api/cache";
import { apiUrl } from "@/api/client";
import type { ArtifactSummary } from "@/api/schema";
import { useEndless } from "@/api/use_query";
import { Empty } from "@/parts/empty";
import { Preview } from "@/parts/preview";
import { ProblemNote } from "@/parts/problem";
import { Spinner } from "@/parts/spinner";
import { type Column, Table } from "@/parts/table";
import { Link } from "@/router/link";
import { useQueryState } from "@/router/location";
import { pathOf } from "@/router/match";
import { sizeText } from "@/words/numbers";

import { glimpse, previewOf } from "../task/values";
import type { About } from "./use_run";

export function ArtifactsTab({ run, listen }: About) {
  const [search, setSearch] = useQueryState("search");
  const [chosen, setChosen] = useState<string | null>(null);
  const url = apiUrl("/artifacts", { run: run.path, search, limit: 200 });
  const { rows, problem, isLoading, hasMore, loadMore } = useEndless<ArtifactSummary>(url, ({ path }) => path);
  useEffect(() => listen(({ tasks }) => tasks.length > 0 && answers.invalidate((each) => each === url)), [listen, url]);
  const looked = rows.find(({ path }) => path === chosen) ?? rows[0];
  if (problem && rows.length === 0) return <ProblemNote problem={problem} />;
  if (isLoading) return <Spinner />;
  return (
    <div className="split">
      <div className="stack tight">
        <input
          className="field"
          data-filter
          type="search"
          placeholder="Find by name or type"
          aria-label="Find artifacts"
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
        <Table
          label="Artifacts of the run"
          rows={rows}
          columns={columnsOf(looked?.path ?? "", setChosen)}
          keyOf={({ path }) => path}
          onEnd={loadMore}
          isFilling
          empty={<Empty isSmall title={search ? "No artifact is called so" : "No task has left anything yet"} />}
          foot={hasMore ? "Loading more" : undefined}
        />
      </div>
      {looked && (
        <section className="card split-side" aria-label={`Preview of ${looked.name}`}>
          <header>
            <h2 className="cut">{looked.name}</h2>
            <Link className="push" to={`/artifacts/${looked.value.digest}`}>
              Lineage
            </Link>
          </header>
          <div className="body stack tight">
            <p className="muted">
              Set by{" "}
              <Link to={pathOf("runs", run.flow, run.label, looked.step, looked.label)}>
                {looked.step}/{looked.label}
              </Link>
              , <span className="mono">{looked.value.type}</span>, {sizeText(looked.value.size)}
            </p>
            <Preview of={previewOf(looked.value)} />
          </div>
        </section>
      )}
    </div>
  );
}

function columnsOf(chosen: string, choose: (path: string) => void): readonly Column<ArtifactSummary>[] {
  return [
    {
      id: "name",
      name: "Artifact",
      width: 200,
      value: ({ name }) => name,
      cell: ({ name, path }) => (
        <button
          type="button"
          className="plain-link strong cut"
          aria-pressed={path === chosen}
          onClick={() => choose(path)}
        >
          {name}
        </button>
      ),
    },
    {
      id: "task",
      name: "Task",
      width: 130,
      value: ({ label }) => label,
      cell: ({ step, label }) => <span className="cut">{`${step}/${label}`}</span>,
    },
    { id: "value", name: "Value", cell: ({ value }) => <span className="cut muted">{glimpse(value)}</span> },
    {
      id: "size",
      name: "Size",
      width: 84,
      isNumber: true,
      first: "falling",
      value: ({ value }) => value.size,
      cell: ({ value }) => sizeText(value.size),
    },
  ];
}
