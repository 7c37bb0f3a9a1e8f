/** The last runs of a deployment as bars: as high as they took long, the newest at the right. */

import type { RunMark } from "@/api/schema";
import { StatusIcon, toneOf } from "@/parts/status";
import { useNow } from "@/parts/when";
import { Link } from "@/router/link";
import { linkOfRun } from "@/screens/deployments/run_squares";
import { durationText } from "@/words/duration";
import { exactTime } from "@/words/time";

const HEIGHT = 56;

export function RunBars({ runs }: { runs: readonly RunMark[] }) {
  const now = useNow();
  if (runs.length === 0) return <p className="muted">None yet</p>;
  const tookOf = (run: RunMark) => Math.max(0, (run.finished_at ?? now) - run.started_at);
  const longest = Math.max(...runs.map(tookOf), 1e-3);
  return (
    <div className="run-bars">
      <span className="faint number run-bars-most">{durationText(longest)}</span>
      <ul>
        {[...runs].reverse().map((run) => (
          <li key={run.path}>
            <Link to={linkOfRun(run.path)} title={titleOf(run, tookOf(run))}>
              <span className={`run-bar ${toneOf(run.status)}`} style={{ height: Math.max(3, (tookOf(run) / longest) * HEIGHT) }} />
              <StatusIcon status={run.status} size={12} isSilent />
              <span className="hidden-text">
                {run.path} {run.status}
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </div>
  );
}

function titleOf(run: RunMark, took: number): string {
  const by = [run.trigger, run.source].filter(Boolean).join(" ");
  return [`${run.path} ${run.status} after ${durationText(took)}`, exactTime(run.started_at), by, run.message].filter(Boolean).join("\n");
}
