/** The last runs of a deployment as a row of marks, the newest at the right. */

import type { RunMark } from "@/api/schema";
import { StatusIcon } from "@/parts/status";
import { Link } from "@/router/link";
import { pathOf } from "@/router/match";
import { exactTime } from "@/words/time";

export function RunSquares({ runs }: { runs: readonly RunMark[] }) {
  if (runs.length === 0) return <span className="faint">none yet</span>;
  return (
    <span className="run-squares">
      {[...runs].reverse().map((run) => (
        <Link key={run.path} to={linkOfRun(run.path)} title={`${run.path} ${run.status}, ${exactTime(run.started_at)}`}>
          <StatusIcon status={run.status} />
          <span className="hidden-text">{run.path}</span>
        </Link>
      ))}
    </span>
  );
}

/** The address of `Churn/17`. */
export function linkOfRun(path: string): string {
  const cut = path.lastIndexOf("/");
  return pathOf("runs", path.slice(0, cut), path.slice(cut + 1));
}

/** How an alias stands, which is bad when its last run that ended did not succeed: what to show, and its look. */
export function standingOf(stands: string, runs: readonly RunMark[]): { status: string; label: string } {
  const last = runs.find((run) => run.finished_at !== null);
  return stands === "active" && last?.status === "failed" ? { status: "failed", label: "failing" } : { status: stands, label: stands };
}
