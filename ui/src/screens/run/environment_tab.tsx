/** The packages that a run had, and how they differ from another run's. */

import { useMemo, useState } from "react";

import { useQuery } from "@/api/use_query";
import { ProblemNote } from "@/parts/problem";
import { Spinner } from "@/parts/spinner";
import { useQueryState } from "@/router/location";
import { plural } from "@/words/numbers";

import { RunPicker } from "./run_picker";
import type { EnvironmentView, RunView } from "./shapes";
import { runUrl } from "./use_run";

type Packages = Readonly<Record<string, string>>;

export function EnvironmentTab({ run }: { run: RunView }) {
  const [other, setOther] = useQueryState("against");
  const [search, setSearch] = useState("");
  const { data, problem } = useQuery<EnvironmentView>(runUrl(run.flow, run.label, "/environment"));
  const [otherFlow = "", otherLabel = ""] = other.split("/");
  const { data: before, problem: beforeProblem } = useQuery<EnvironmentView>(
    other ? runUrl(otherFlow, otherLabel, "/environment") : null,
  );
  if (!data) return problem ? <ProblemNote problem={problem} /> : <Spinner />;
  const sets: [string, Packages, Packages | undefined][] = [
    ["Interpreter", data.interpreter, before?.interpreter],
    ...Object.entries(data.steps).map(([step, packages]): [string, Packages, Packages | undefined] => [
      `Step ${step}`,
      packages,
      before?.steps[step],
    ]),
  ];
  return (
    <div className="stack">
      <div className="row wrap">
        <input
          className="field"
          data-filter
          type="search"
          placeholder="Find a package"
          aria-label="Find a package"
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
        <RunPicker run={run} value={other} choose={setOther} label="Compare with" />
      </div>
      {beforeProblem && <ProblemNote problem={beforeProblem} />}
      {sets.map(([title, packages, old]) => (
        <PackageTable
          key={title}
          title={title}
          packages={packages}
          old={other ? old : undefined}
          other={other}
          search={search}
        />
      ))}
    </div>
  );
}

function PackageTable({
  title,
  packages,
  old,
  other,
  search,
}: {
  title: string;
  packages: Packages;
  old: Packages | undefined;
  other: string;
  search: string;
}) {
  const rows = useMemo(() => packageRows(packages, old, search), [packages, old, search]);
  const changed = rows.filter(({ kind }) => kind !== "same").length;
  return (
    <section className="card">
      <header>
        <h2>{title}</h2>
        <span className="muted">
          {packages["python"] && `Python ${packages["python"]}, `}
          {plural(Object.keys(packages).length - (packages["python"] ? 1 : 0), "package")}
          {old && `, ${changed === 0 ? "the same as" : `${changed} unlike`} in ${other}`}
        </span>
      </header>
      <ul className="packages">
        {rows.map(({ name, version, before, kind }) => (
          <li key={name} className={kind}>
            <span className="cut" title={name}>
              {name}
            </span>
            <span className="mono">
              {before !== undefined && kind !== "same" && <del>{before || "none"}</del>} {version ?? ""}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

interface PackageRow {
  readonly name: string;
  /** None when only the other run has it. */
  readonly version: string | undefined;
  readonly before: string | undefined;
  readonly kind: "same" | "new" | "gone" | "changed";
}

/** Put two sets of packages beside each other, differences first. */
export function packageRows(packages: Packages, old: Packages | undefined, search: string): PackageRow[] {
  const names = [...new Set([...Object.keys(packages), ...Object.keys(old ?? {})])];
  const rows = names
    .filter((name) => name.toLowerCase().includes(search.toLowerCase()))
    .map((name): PackageRow => {
      const [version, before] = [packages[name], old?.[name]];
      const kind =
        !old || version === before ? "same" : before === undefined ? "new" : version === undefined ? "gone" : "changed";
      return { name, version, before, kind };
    });
  return rows.sort(
    (one, other) => Number(one.kind === "same") - Number(other.kind === "same") || one.name.localeCompare(other.name),
  );
}
