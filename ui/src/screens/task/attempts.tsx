/** The tries of a task, of which one is looked at. */

import { StatusIcon } from "@/parts/status";
import { Duration } from "@/parts/when";

import { causeText } from "./causes";
import type { AttemptView } from "./shapes";

export function Attempts({
  attempts,
  chosen,
  choose,
}: {
  attempts: readonly AttemptView[];
  chosen: number;
  choose: (attempt: number) => void;
}) {
  return (
    <div className="attempts" role="group" aria-label="Tries">
      {attempts.map((each) => (
        <button
          key={each.attempt}
          type="button"
          aria-pressed={each.attempt === chosen}
          title={each.cause && each.cause !== "ok" ? causeText(each.cause, each.error?.type) : undefined}
          onClick={() => choose(each.attempt)}
        >
          <StatusIcon status={each.status === "retrying" ? "failed" : each.status} />
          Try {each.attempt + 1}
          <span className="faint">
            <Duration from={each.started_at} to={each.finished_at} />
          </span>
        </button>
      ))}
    </div>
  );
}
