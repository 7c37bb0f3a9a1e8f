/** An error with what to do about it. */

import "./problem.css";

import type { Problem } from "@/api/client";
import { Icon } from "@/parts/icon";

export function ProblemNote({ problem, retry }: { problem: Problem; retry?: () => void }) {
  const title = problem.status === 403 ? "You may see this, but not do it" : problem.title;
  return (
    <div className="problem" role="alert">
      <Icon name="warning" />
      <div className="stack tight">
        <p className="strong">{title}</p>
        {problem.detail && problem.detail !== title && <p>{problem.detail}</p>}
        {problem.choices && problem.choices.length > 0 && <p className="muted">There is: {problem.choices.join(", ")}</p>}
        {problem.hint && (
          <p className="muted">
            <span className="strong">Hint:</span> {problem.hint}
          </p>
        )}
        {retry && (
          <p>
            <button type="button" className="button small" onClick={retry}>
              Try again
            </button>
          </p>
        )}
      </div>
    </div>
  );
}
