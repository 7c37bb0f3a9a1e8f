/** How many tasks of a run are where: a bar of shares, and the numbers in words. */

import "./task_bar.css";

import { lookOf } from "@/parts/status";
import { countText } from "@/words/numbers";

const ORDER = ["succeeded", "reused", "caught", "running", "retrying", "failed", "lost", "cancelled"];

export function TaskBar({ counts, width = 64 }: { counts: Readonly<Record<string, number>>; width?: number }) {
  const known = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .sort(([one], [other]) => ORDER.indexOf(one) - ORDER.indexOf(other));
  const total = known.reduce((sum, [, count]) => sum + count, 0);
  const done = (counts["succeeded"] ?? 0) + (counts["caught"] ?? 0) + (counts["reused"] ?? 0);
  const words = known.map(([status, count]) => `${countText(count)} ${status}`).join(", ");
  if (total === 0) return <span className="faint">–</span>;
  return (
    <span className="task-bar" title={words}>
      <span className="task-bar-track" style={{ width }} aria-hidden>
        {known.map(([status, count]) => (
          <span key={status} className={`tone-${lookOf(status)}`} style={{ flexGrow: count }} />
        ))}
      </span>
      <span className="number">
        {done === total ? countText(total) : `${countText(done)}/${countText(total)}`}
        <span className="hidden-text">, {words}</span>
      </span>
    </span>
  );
}
