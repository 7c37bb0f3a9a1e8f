/** What lies under the pointer on a timeline, in words. */

import { Status } from "@/parts/status";
import { durationText } from "@/words/duration";
import { plural } from "@/words/numbers";
import { clockTimeExact } from "@/words/time";

import { itemText } from "./draw";
import type { Row } from "./rows";
import { type Span, statusOf } from "./spans";

export function Hover({ row, x, y, now }: { row: Row; x: number; y: number; now: number }) {
  const isRight = x > window.innerWidth - 320;
  const isLow = y > window.innerHeight - 220;
  const style = {
    ...(isRight ? { right: window.innerWidth - x + 12 } : { left: x + 14 }),
    ...(isLow ? { bottom: window.innerHeight - y + 12 } : { top: y + 16 }),
  };
  return (
    <div className="course-hover" style={style} role="tooltip">
      {row.kind === "step" ? (
        <>
          <p className="strong">
            {row.step} <span className="faint">{plural(row.tasks.length, "task")}</span>
          </p>
          {Object.entries(row.counts).map(([status, count]) => (
            <p key={status} className="row">
              <Status status={status} /> <span className="number">{count}</span>
            </p>
          ))}
          <p className="faint">Click to {row.isOpen ? "close" : "show each task"}</p>
        </>
      ) : (
        <>
          <p className="strong">
            {row.line.step}/{row.line.label} <span className="faint">{itemText(row.line.key)}</span>
          </p>
          <Status status={statusOf(row.line)} />
          {row.line.attempts.map((span) => (
            <Attempt key={span.attempt} span={span} now={now} isOnly={row.line.attempts.length === 1} />
          ))}
          {row.line.isCritical && <p className="muted">On the critical path</p>}
        </>
      )}
    </div>
  );
}

function Attempt({ span, now, isOnly }: { span: Span; now: number; isOnly: boolean }) {
  if (span.isReused) return <p className="muted">Reused from another run</p>;
  const waited = span.ready ? span.started - span.ready : 0;
  return (
    <p className="muted number">
      {!isOnly && <>try {span.attempt + 1}: </>}
      {waited > 0.0005 && <>waited {durationText(waited)}, </>}
      {span.finished === null ? "runs for" : "ran"} {durationText((span.finished ?? now) - span.started)} from{" "}
      {clockTimeExact(span.started)}
    </p>
  );
}
