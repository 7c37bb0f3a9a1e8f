/** All runs: as a table, or as a grid of runs and steps. */

import "@/parts/switch.css";
import "./runs.css";

import type { QueryValues } from "@/api/client";
import { Icon } from "@/parts/icon";
import { navigate, useAddress, useQueryList, withQuery } from "@/router/location";
import { FilterBar } from "@/screens/runs/filter_bar";
import { RunGrids } from "@/screens/runs/grid";
import { RunList } from "@/screens/runs/list";
import { plural } from "@/words/numbers";

/** Runs that can be compared at once. */
const MOST = 20;

export default function Runs() {
  const { path, query } = useAddress();
  const view = query.get("view") === "grid" ? "grid" : "list";
  const [selected, select] = useQueryList("selected");
  const show = (next: "list" | "grid") =>
    navigate(withQuery(path, query, { view: next === "list" ? null : next }));
  const compare: QueryValues = { run: selected };
  return (
    <div className="stack runs">
      <h1 className="hidden-text">Runs</h1>
      <FilterBar>
        {selected.length > 0 && (
          <span className="row">
            <span className="muted number">{plural(selected.length, "run")} selected</span>
            <button type="button" className="button plain small" onClick={() => select([])}>
              Clear
            </button>
            <button
              type="button"
              className="button primary"
              disabled={selected.length < 2 || selected.length > MOST}
              title={selected.length < 2 ? "Select two or more" : selected.length > MOST ? `Select ${MOST} at most` : undefined}
              onClick={() => navigate(withQuery("/compare", new URLSearchParams(), compare as { run: string[] }))}
            >
              <Icon name="compare" size={14} />
              Compare
            </button>
          </span>
        )}
        <span className="switch" role="group" aria-label="View">
          <button type="button" aria-pressed={view === "list"} title="Table" onClick={() => show("list")}>
            <Icon name="list" size={14} />
            Table
          </button>
          <button type="button" aria-pressed={view === "grid"} title="Grid of runs and steps" onClick={() => show("grid")}>
            <Icon name="grid" size={14} />
            Grid
          </button>
        </span>
      </FilterBar>
      {view === "grid" ? <RunGrids /> : <RunList selected={selected} select={select} />}
    </div>
  );
}
