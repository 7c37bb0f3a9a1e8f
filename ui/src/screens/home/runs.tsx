/** The runs that are at work, and those that failed since the reader last looked. */

import type { HomeView } from "@/api/schema";
import type { RunSummary } from "@/api/shapes";
import { Icon } from "@/parts/icon";
import { Status, StatusIcon } from "@/parts/status";
import { TaskBar } from "@/parts/task_bar";
import { Duration, When } from "@/parts/when";
import { Link } from "@/router/link";
import { pathOf } from "@/router/match";
import { endOf, failuresOf } from "@/screens/home/failures";
import { StartedBy } from "@/screens/runs/started_by";
import { countText } from "@/words/numbers";
import { whyText } from "@/words/why";

const COUNTED = ["running", "waiting", "queued", "interrupted"];

export function Running({ home }: { home: HomeView }) {
  const counts = COUNTED.filter((status) => (home.counts[status] ?? 0) > 0);
  return (
    <section className="card">
      <header>
        <h2>Running now</h2>
        <span className="row push">
          {counts.map((status) => (
            <Link key={status} to={`/runs?status=${status}`}>
              <Status status={status} label={`${countText(home.counts[status] ?? 0)} ${status}`} />
            </Link>
          ))}
        </span>
      </header>
      {home.running.length === 0 ? (
        <p className="home-none">Nothing runs</p>
      ) : (
        <ul className="home-rows">
          {home.running.map((run) => (
            <li key={run.path} className="home-run">
              <StatusIcon status={run.status} />
              <RunLink run={run} />
              <TaskBar counts={run.task_counts ?? {}} width={110} />
              <span className="home-aside">
                <StartedBy run={run} hasUser />
              </span>
              <Duration from={run.started_at} to={run.finished_at} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

export function Failed({ home, markSeen }: { home: HomeView; markSeen: () => void }) {
  const interrupted = home.interrupted.filter((run) => run.started_at >= home.since);
  const failures = failuresOf([...home.failed, ...interrupted]);
  return (
    <section className="card">
      <header>
        <h2>Failed since you last looked</h2>
        <span className="faint">
          <When at={home.since} />
        </span>
        <span className="row push">
          <Link to="/runs?status=failed&status=interrupted">All that failed</Link>
          {failures.length > 0 && (
            <button type="button" className="button small" onClick={markSeen}>
              <Icon name="check" size={13} />
              Mark as seen
            </button>
          )}
        </span>
      </header>
      {failures.length === 0 ? (
        <p className="home-none">Nothing failed</p>
      ) : (
        <ul className="home-rows">
          {failures.map(({ run, count, since }) => (
            <li key={run.path} className="home-failed">
              <StatusIcon status={run.status} />
              <div className="home-why">
                <div className="row">
                  <RunLink run={run} />
                  <span className="home-aside">
                    <StartedBy run={run} hasUser />
                  </span>
                  {count > 1 && (
                    <Link className="chip" to={`/runs?flow=${encodeURIComponent(run.flow)}&status=${run.status}`}>
                      {count} times since&nbsp;
                      <When at={since} />
                    </Link>
                  )}
                </div>
                <p className="cut muted" title={run.message}>
                  {whyText(run)}
                </p>
              </div>
              <When at={endOf(run)} className="muted" />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function RunLink({ run }: { run: RunSummary }) {
  return (
    <Link className="home-name cut" to={pathOf("runs", run.flow, run.label)}>
      {run.path}
    </Link>
  );
}
