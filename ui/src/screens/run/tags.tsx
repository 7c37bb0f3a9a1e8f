/** The tags of a run: added and taken off in place. */

import { type FormEvent, useState } from "react";

import type { Problem } from "@/api/client";
import { problemOfError } from "@/api/problem";
import { may, useMe } from "@/api/session";
import { Icon } from "@/parts/icon";
import { Link } from "@/router/link";

import { change } from "./actions";
import type { RunView } from "./shapes";

export function Tags({ run }: { run: RunView }) {
  const [isAdding, setAdding] = useState(false);
  const [text, setText] = useState("");
  const [problem, setProblem] = useState<Problem>();
  const canChange = may(useMe(), "runner", run.project ?? "");
  const set = (add: readonly string[], remove: readonly string[]) => {
    setProblem(undefined);
    change("POST", run, "/tags", { add, remove }).catch((error: unknown) => setProblem(problemOfError(error)));
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (text.trim()) set([text.trim()], []);
    setText("");
    setAdding(false);
  };
  return (
    <span className="run-tags">
      {(run.tags ?? []).map((tag) => (
        <span key={tag} className="chip">
          <Icon name="tag" size={12} />
          <Link to={`/runs?tag=${encodeURIComponent(tag)}`} className="cut">
            {tag}
          </Link>
          {canChange && (
            <button
              type="button"
              className="chip-close"
              aria-label={`Remove the tag ${tag}`}
              onClick={() => set([], [tag])}
            >
              <Icon name="close" size={11} />
            </button>
          )}
        </span>
      ))}
      {canChange &&
        (isAdding ? (
          <form onSubmit={submit}>
            <input
              className="field tag-field"
              autoFocus
              value={text}
              placeholder="tag"
              aria-label="New tag"
              maxLength={200}
              onChange={(event) => setText(event.target.value)}
              onBlur={() => !text && setAdding(false)}
              onKeyDown={(event) => event.key === "Escape" && setAdding(false)}
            />
          </form>
        ) : (
          <button type="button" className="button plain small" onClick={() => setAdding(true)}>
            <Icon name="plus" size={12} /> tag
          </button>
        ))}
      {problem && (
        <span className="bad-words" role="alert">
          {problem.detail}
        </span>
      )}
    </span>
  );
}
