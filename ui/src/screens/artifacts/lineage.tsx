/** What made a value and what was made of it, both ways, as a graph. */

import { useMemo, useState } from "react";

import { apiUrl } from "@/api/client";
import type { Ancestry } from "@/api/schema";
import { useSmoothQuery } from "@/api/use_query";
import { Graph } from "@/parts/graph";
import { Switch } from "@/parts/switch";
import { navigate, useQueryState } from "@/router/location";
import { drawnAncestry, drawnUses } from "@/screens/artifacts/drawn";
import type { Use, ValueView } from "@/screens/artifacts/shapes";

const FAR = [
  { id: "1", name: "One task" },
  { id: "3", name: "Three tasks" },
  { id: "10", name: "Ten tasks" },
];

export function Lineage({ value, name }: { value: ValueView; name: string }) {
  const [far, setFar] = useQueryState("far", "3");
  const [setter, setSetter] = useState(0);
  const [selected, setSelected] = useState<string | null>(null);
  const use = value.made_by[setter] ?? value.made_by[0];
  const { data } = useSmoothQuery<Ancestry>(use ? lineageUrl(use, Number(far) || 3) : null);
  const { nodes, edges, links, root, rows } = useMemo(() => (data ? drawnAncestry(data) : drawnUses(value, name)), [data, value, name]);
  return (
    <>
      <div className="row wrap lineage-head">
        <Switch label="How far" options={FAR} chosen={far} choose={setFar} />
        {value.made_by.length > 1 && (
          <label className="row">
            <span className="muted">as set by</span>
            <select className="field" value={setter} onChange={(event) => setSetter(Number(event.target.value))}>
              {value.made_by.slice(0, 20).map((each, index) => (
                <option key={`${each.task}/${each.name}`} value={index}>
                  {each.task}
                </option>
              ))}
            </select>
          </label>
        )}
        {data?.is_cut && <span className="muted">There is more than is drawn</span>}
      </div>
      <Graph
        nodes={nodes}
        edges={edges}
        label={`What made and used ${name}`}
        selected={selected ?? root}
        onSelect={(id) => {
          setSelected(id);
          const to = links.get(id);
          if (to) navigate(to);
        }}
        height={Math.min(560, Math.max(240, 76 * rows + 60))}
      />
    </>
  );
}

function lineageUrl({ run, step, label, name }: Use, far: number): string {
  const [flow = "", of = ""] = run.split("/");
  const parts = [flow, of, "tasks", step, label, "artifacts", name, "lineage"].map(encodeURIComponent);
  return apiUrl(`/runs/${parts.join("/")}`, { up: far, down: far });
}
