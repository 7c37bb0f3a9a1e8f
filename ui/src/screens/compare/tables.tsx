/** Tables with a column a run. */

import { useState } from "react";

import { Empty } from "@/parts/empty";
import { Link } from "@/router/link";
import { countText, valueText } from "@/words/numbers";

import { valueOf } from "../run/parameters_tab";
import { pageOf } from "../run/use_run";
import { bestOf, changeText, isLessBetter, valueRows } from "./order";
import type { CompareView, ComparedRun, Difference } from "./shapes";

export function ColumnHeads({ runs, first }: { runs: readonly ComparedRun[]; first: string }) {
  return (
    <thead>
      <tr>
        <th scope="col">{first}</th>
        {runs.map((run, index) => (
          <th key={run.path} scope="col">
            <i className={`run-colour series-back-${(index % 10) + 1}`} />
            <Link to={pageOf(run.path)}>{run.path}</Link>
          </th>
        ))}
      </tr>
    </thead>
  );
}

export function ValueTable({
  title,
  of,
  view,
  isOnly,
}: {
  title: string;
  of: "parameters" | "metrics";
  view: CompareView;
  isOnly: boolean;
}) {
  const rows = valueRows(view.runs, of, view[of]).filter(({ isDifferent }) => isDifferent || !isOnly);
  return (
    <section className="card">
      <header>
        <h2>{title}</h2>
        {of === "metrics" && rows.length > 0 && (
          <span className="faint">the best is marked; click a name to say that less, or more, is better</span>
        )}
      </header>
      {rows.length === 0 ? (
        <Empty
          isSmall
          title={isOnly ? `All runs have the same ${title.toLowerCase()}` : `None of them has ${title.toLowerCase()}`}
        />
      ) : (
        <div className="compare-scroll">
          <table className="compare-table">
            <ColumnHeads runs={view.runs} first="Name" />
            <tbody>
              {rows.map((row) => (
                <Row
                  key={row.name}
                  name={row.name}
                  values={row.values}
                  isDifferent={row.isDifferent}
                  isMetric={of === "metrics"}
                />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function Row({
  name,
  values,
  isDifferent,
  isMetric,
}: {
  name: string;
  values: readonly unknown[];
  isDifferent: boolean;
  isMetric: boolean;
}) {
  const [isLess, setLess] = useState(() => isLessBetter(name));
  const best = isMetric ? bestOf(values, isLess) : new Set<number>();
  return (
    <tr className={isDifferent ? "different" : undefined}>
      <th scope="row">
        {isMetric && values.some((value) => typeof value === "number") ? (
          <button
            type="button"
            className="plain-link"
            title={isLess ? "Less is better" : "More is better"}
            onClick={() => setLess(!isLess)}
          >
            {name} <span className="faint">{isLess ? "↓" : "↑"}</span>
          </button>
        ) : (
          name
        )}
      </th>
      {values.map((value, index) => (
        <td key={index} className={cellClass(value, values[0], index, best.has(index))}>
          <span title={valueOf(value)}>
            {value === null || value === undefined
              ? "–"
              : typeof value === "number"
                ? valueText(value)
                : valueOf(value)}
          </span>
          {index > 0 && isMetric && <span className="faint number change"> {changeText(value, values[0])}</span>}
          {best.has(index) && (
            <span className="best-mark" title="The best">
              ★
            </span>
          )}
        </td>
      ))}
    </tr>
  );
}

function cellClass(value: unknown, baseline: unknown, index: number, isBest: boolean): string {
  const isOther = index > 0 && JSON.stringify(value) !== JSON.stringify(baseline);
  return ["number", isBest && "best", isOther && "other"].filter(Boolean).join(" ");
}

/** Names with a text in each run; the whole list holds only what differs. */
export function DifferenceTable({
  label,
  runs,
  rows,
  same,
}: {
  label: string;
  runs: readonly ComparedRun[];
  rows: readonly Difference[];
  same: string;
}) {
  if (rows.length === 0) return <Empty isSmall title={same} />;
  return (
    <div className="card compare-scroll">
      <table className="compare-table">
        <ColumnHeads runs={runs} first={label} />
        <tbody>
          {rows.map(({ name, values }) => (
            <tr key={name} className="different">
              <th scope="row" className="mono">
                {name}
              </th>
              {values.map((value, index) => (
                <td key={index} className={`mono ${cellClass(value, values[0], index, false)}`}>
                  {value === null || value === undefined ? <span className="faint">none</span> : valueOf(value)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length >= 500 && <p className="muted compare-note">The first {countText(rows.length)} differences</p>}
    </div>
  );
}
