/** Two to twenty runs side by side: what differs between them, and by how much. */

import "../run/run.css";
import "./compare.css";

import { useMemo } from "react";

import { apiUrl } from "@/api/client";
import { useSmoothQuery } from "@/api/use_query";
import { Empty } from "@/parts/empty";
import { ProblemNote } from "@/parts/problem";
import { Spinner } from "@/parts/spinner";
import { Tabs } from "@/parts/tabs";
import { useQueryList, useQueryState } from "@/router/location";

import { Artifacts } from "./artifacts";
import { CodeDifference } from "./code";
import { CurvesOverlaid } from "./curves";
import { Heads } from "./heads";
import { DifferenceTable, ValueTable } from "./tables";
import { withBaseline } from "./order";
import type { CompareView } from "./shapes";
import { Timing } from "./timing";

export default function CompareScreen() {
  const [paths, setPaths] = useQueryList("run");
  const [baseline, setBaseline] = useQueryState("baseline");
  const unique = useMemo(() => [...new Set(paths)], [paths]);
  const url = unique.length >= 2 && unique.length <= 20 ? apiUrl("/compare", { run: unique }) : null;
  const { data, problem } = useSmoothQuery<CompareView>(url);
  if (unique.length < 2) {
    return (
      <Empty icon="compare" title="Choose two runs or more" command="headwater compare Churn/16 Churn/17">
        Select them in the list of runs; up to twenty stand side by side, and the link to this view shows the same to
        whoever opens it.
      </Empty>
    );
  }
  if (unique.length > 20) return <Empty icon="compare" title={`Twenty runs at most; these are ${unique.length}`} />;
  if (!data) return problem ? <ProblemNote problem={problem} /> : <Spinner isPage />;
  const place = Math.max(
    0,
    data.runs.findIndex(({ path }) => path === baseline),
  );
  const view = withBaseline(data, place);
  const count = (kind: string) => view.counts[kind] ?? 0;
  return (
    <article className="run compare">
      <h1>Compare {unique.length} runs</h1>
      {problem && <ProblemNote problem={problem} />}
      <Heads
        runs={view.runs}
        choose={(path) => setBaseline(path === data.runs[0]?.path ? "" : path)}
        remove={unique.length > 2 ? (path) => setPaths(unique.filter((each) => each !== path)) : null}
        add={unique.length < 20 ? (path) => setPaths([...unique, path]) : null}
      />
      {view.is_cut && (
        <p className="muted">
          Some of these runs have more tasks than are compared: artifacts, files and times are of the first 2,000.
        </p>
      )}
      <Tabs
        label="What is compared"
        tabs={[
          {
            id: "values",
            name: "Parameters and metrics",
            count: count("parameters") + count("metrics"),
            content: () => <Values view={view} />,
          },
          { id: "curves", name: "Curves", content: () => <CurvesOverlaid runs={view.runs} /> },
          { id: "artifacts", name: "Artifacts", count: count("artifacts"), content: () => <Artifacts view={view} /> },
          { id: "code", name: "Code", count: count("code"), content: () => <CodeDifference view={view} /> },
          {
            id: "environment",
            name: "Environment",
            count: count("environment"),
            content: () => (
              <DifferenceTable
                label="Packages"
                runs={view.runs}
                rows={view.environment}
                same="All of them had the same packages"
              />
            ),
          },
          {
            id: "data",
            name: "Data",
            count: count("files"),
            content: () => (
              <DifferenceTable
                label="Data files"
                runs={view.runs}
                rows={view.files}
                same="The data files that all of them read are the same"
              />
            ),
          },
          { id: "timing", name: "Timing", content: () => <Timing view={view} /> },
        ]}
      />
    </article>
  );
}

function Values({ view }: { view: CompareView }) {
  const [only, setOnly] = useQueryState("only", "differences");
  const isOnly = only === "differences";
  return (
    <div className="stack">
      <label className="row muted">
        <input type="checkbox" checked={isOnly} onChange={() => setOnly(isOnly ? "all" : "differences")} /> Only what
        differs
      </label>
      <ValueTable title="Metrics" of="metrics" view={view} isOnly={isOnly} />
      <ValueTable title="Parameters" of="parameters" view={view} isOnly={isOnly} />
    </div>
  );
}
