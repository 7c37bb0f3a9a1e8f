/** The runs that are compared: a card each, the first one the baseline. */

import { type FormEvent, useState } from "react";

import { Icon } from "@/parts/icon";
import { Status } from "@/parts/status";
import { Duration, When } from "@/parts/when";
import { Link } from "@/router/link";

import { pageOf } from "../run/use_run";
import type { ComparedRun } from "./shapes";

export function Heads({
  runs,
  choose,
  remove,
  add,
}: {
  runs: readonly ComparedRun[];
  /** Make a run the baseline. */
  choose: (path: string) => void;
  /** None when there are only two. */
  remove: ((path: string) => void) | null;
  add: ((path: string) => void) | null;
}) {
  return (
    <ul className="compare-heads">
      {runs.map((run, index) => (
        <li key={run.path} className={index === 0 ? "card baseline" : "card"}>
          <div className="row">
            <i className={`run-colour series-back-${(index % 10) + 1}`} />
            <Link to={pageOf(run.path)} className="strong cut">
              {run.path}
            </Link>
            {remove && (
              <button
                type="button"
                className="button plain icon small push"
                aria-label={`Leave out ${run.path}`}
                title="Leave out"
                onClick={() => remove(run.path)}
              >
                <Icon name="close" size={12} />
              </button>
            )}
          </div>
          <p className="row">
            <Status status={run.status} />
            <span className="faint">
              <Duration from={run.started_at} to={run.finished_at} />
            </span>
          </p>
          <p className="muted cut">
            {run.user}, <When at={run.started_at} />
          </p>
          {(run.tags?.length ?? 0) > 0 && <p className="faint cut">{run.tags?.join(", ")}</p>}
          {index === 0 ? (
            <p className="chip">baseline</p>
          ) : (
            <button type="button" className="plain-link" onClick={() => choose(run.path)}>
              Make it the baseline
            </button>
          )}
        </li>
      ))}
      {add && (
        <li>
          <Add add={add} />
        </li>
      )}
    </ul>
  );
}

function Add({ add }: { add: (path: string) => void }) {
  const [text, setText] = useState("");
  const path = text.trim();
  const isPath = /^[^/]+\/\d+$/.test(path);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!isPath) return;
    add(path);
    setText("");
  };
  return (
    <form className="row" onSubmit={submit}>
      <input
        className="field"
        value={text}
        placeholder="Churn/17"
        aria-label="Add a run"
        size={14}
        onChange={(event) => setText(event.target.value)}
      />
      <button type="submit" className="button" disabled={!isPath}>
        Add
      </button>
    </form>
  );
}
