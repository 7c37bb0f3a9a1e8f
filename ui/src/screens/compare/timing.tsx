/** How long each step took in each run: a bar a run. */

import { durationText } from "@/words/duration";

import { changeText } from "./order";
import type { CompareView } from "./shapes";

export function Timing({ view }: { view: CompareView }) {
  const whole = view.runs.map((run) => (run.finished_at ? run.finished_at - run.started_at : null));
  const most = Math.max(0.001, ...view.timing.flatMap(({ values }) => values.map(Number)).filter(Number.isFinite));
  return (
    <div className="stack">
      <Bars
        title="The whole run"
        values={whole}
        view={view}
        most={Math.max(0.001, ...whole.map((each) => each ?? 0))}
      />
      <section className="card">
        <header>
          <h2>Each step</h2>
          <span className="muted">the time of all of its tasks</span>
        </header>
        <div className="timing-steps">
          {view.timing.map(({ name, values }) => (
            <div key={name} className="timing-step">
              <span className="strong cut" title={name}>
                {name}
              </span>
              <BarList
                values={values.map((value) => (typeof value === "number" ? value : null))}
                view={view}
                most={most}
              />
            </div>
          ))}
        </div>
      </section>
    </div>
  );
}

function Bars({
  title,
  values,
  view,
  most,
}: {
  title: string;
  values: readonly (number | null)[];
  view: CompareView;
  most: number;
}) {
  return (
    <section className="card">
      <header>
        <h2>{title}</h2>
        <span className="muted">from start to end</span>
      </header>
      <div className="body">
        <BarList values={values} view={view} most={most} hasNames />
      </div>
    </section>
  );
}

function BarList({
  values,
  view,
  most,
  hasNames = false,
}: {
  values: readonly (number | null)[];
  view: CompareView;
  most: number;
  hasNames?: boolean;
}) {
  return (
    <ul className={hasNames ? "timing-bars named" : "timing-bars"}>
      {view.runs.map((run, index) => {
        const value = values[index] ?? null;
        return (
          <li key={run.path} title={run.path}>
            {hasNames && <span className="cut">{run.path}</span>}
            <span className="timing-track">
              {value !== null && (
                <i className={`series-back-${(index % 10) + 1}`} style={{ width: `${(value / most) * 100}%` }} />
              )}
            </span>
            <span className="number">{value === null ? "–" : durationText(value)}</span>
            <span className="number faint">{index > 0 ? changeText(value, values[0]) : ""}</span>
          </li>
        );
      })}
    </ul>
  );
}
