/** The head of a task's page: how it stands, where it belongs, what to type. */

import { Command, Copy } from "@/parts/copy";
import { Status } from "@/parts/status";
import { Duration, When } from "@/parts/when";
import { Link } from "@/router/link";
import { durationText } from "@/words/duration";

import { pageOf } from "../run/use_run";
import { Beside } from "./beside";
import type { AttemptView, TaskView } from "./shapes";

export function TaskHead({
  task,
  attempt,
  hasFailed,
  url,
}: {
  task: TaskView;
  attempt: AttemptView | undefined;
  hasFailed: boolean;
  /** Of what the API says of it. */
  url: string;
}) {
  const run = task.path.split("/").slice(0, 2).join("/");
  const shown = attempt ?? task;
  const waited = task.ready_at ? task.started_at - task.ready_at : 0;
  return (
    <header className="run-head">
      <div className="row wrap">
        <Status status={task.origin ? "reused" : shown.status} isPill />
        <h1 className="run-title">
          {task.step}/{task.label}
          {task.indices && task.indices.length > 0 && (
            <span className="faint number"> [{task.indices.join(", ")}]</span>
          )}
        </h1>
        <Copy text={task.path} label="Copy the task's path" />
        <Beside url={url} status={task.run_status} />
        <span className="push row wrap">
          {/* What has failed tells them where it says why. */}
          {!hasFailed && task.commands["debug"] && <Command text={task.commands["debug"]} />}
          {!hasFailed && task.commands["resume_here"] && <Command text={task.commands["resume_here"]} />}
        </span>
      </div>
      <div className="run-facts">
        <span>
          <Duration from={shown.started_at} to={shown.finished_at} />
        </span>
        <span>
          <span className="faint">started</span> <When at={shown.started_at} />
        </span>
        {waited > 0.005 && (
          <span>
            <span className="faint">after waiting</span> <span className="number">{durationText(waited)}</span>
          </span>
        )}
        {task.usage?.host && (
          <span>
            <span className="faint">on</span> {task.usage.host}
          </span>
        )}
        <span>
          <span className="faint">of</span> <Link to={pageOf(run)}>{run}</Link>
        </span>
        {task.file && (
          <Link
            className="mono"
            to={`${pageOf(run)}?tab=code&file=${encodeURIComponent(task.file)}&line=${task.line ?? 1}`}
          >
            {task.file.split("/").at(-1)}:{task.line}
          </Link>
        )}
        {task.origin && (
          <span>
            <span className="faint">stands in for</span>{" "}
            <Link to={pageOf(task.ran_as ?? task.origin)}>{task.ran_as ?? task.origin}</Link>
          </span>
        )}
      </div>
    </header>
  );
}
