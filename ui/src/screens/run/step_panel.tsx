/** The step that is looked at: what it does, how its tasks went, and the tasks themselves. */

import { useQuery } from "@/api/use_query";
import { ProblemNote } from "@/parts/problem";
import { Prose } from "@/parts/prose";
import { StatusIcon, toneOf } from "@/parts/status";
import { Duration } from "@/parts/when";
import { Link } from "@/router/link";
import type { Page } from "@/api/use_query";
import { countText, plural } from "@/words/numbers";

import { shortType } from "../task/causes";
import type { StepView, TaskSummary } from "./shapes";
import { kindOf } from "./standing";
import { type About, isOpen, pageOf, runUrl, useFresh } from "./use_run";

const SHOWN = 60;

export function StepPanel({ run, step, listen }: About & { step: StepView }) {
  const failed = step.counts?.["failed"] ?? 0;
  const url = runUrl(run.flow, run.label, "/tasks", {
    step: step.name,
    limit: SHOWN,
    ...(failed ? { status: ["failed"] } : {}),
  });
  const { data, problem } = useQuery<Page<TaskSummary>>(url);
  useFresh(url, listen);
  const counts = Object.entries(step.counts ?? {});
  const total = counts.reduce((sum, [, count]) => sum + count, 0);
  const kind = kindOf(step);
  return (
    <aside className="step-panel card" aria-label={`Step ${step.name}`}>
      <header>
        <h2 className="cut">{step.name}</h2>
        {kind && <span className="chip">{kind}</span>}
        <Link
          className="push mono faint"
          to={`?tab=code&file=${encodeURIComponent(step.file)}&line=${step.line}`}
          title={`${step.file}, line ${step.line}`}
        >
          {step.file.split("/").at(-1)}:{step.line}
        </Link>
      </header>
      <div className="body stack tight">
        {step.doc && <Prose text={step.doc} />}
        {(step.decorators?.length ?? 0) > 0 && (
          <p className="row wrap">
            {step.decorators?.map((text) => (
              <code key={text} className="chip">
                {text}
              </code>
            ))}
          </p>
        )}
        {counts.length > 0 && (
          <p className="row wrap">
            {counts.map(([status, count]) => (
              <Link
                key={status}
                className={`chip toned number ${toneOf(status)}`}
                to={`?tab=tasks&step=${encodeURIComponent(step.name)}&status=${status}`}
              >
                {countText(count)} {status}
              </Link>
            ))}
          </p>
        )}
        {problem && !data && <ProblemNote problem={problem} />}
        {total === 0 ? (
          <p className="muted">
            {step.waits_at_gate
              ? "It starts when somebody approves"
              : isOpen(run.status)
                ? "Not reached yet"
                : "This run did not come here"}
          </p>
        ) : (
          <TaskLinks tasks={data?.rows ?? []} />
        )}
        {total > (data?.rows.length ?? 0) && data && (
          <Link to={`?tab=tasks&step=${encodeURIComponent(step.name)}`}>All {plural(total, "task")} of this step</Link>
        )}
      </div>
    </aside>
  );
}

function TaskLinks({ tasks }: { tasks: readonly TaskSummary[] }) {
  return (
    <ul className="task-links">
      {tasks.map((task) => (
        <li key={task.label}>
          <Link to={pageOf(task.path)} className="task-link">
            <StatusIcon status={task.origin ? "reused" : task.status} />
            <span className="number">
              {task.step}/{task.label}
            </span>
            {task.indices && task.indices.length > 0 && (
              <span className="faint number">[{task.indices.join(", ")}]</span>
            )}
            {task.error && (
              <span className="cut task-link-error">
                {shortType(task.error)}: {task.message}
              </span>
            )}
            <span className="push faint">
              {task.attempt > 0 && <span className="number">try {task.attempt + 1}, </span>}
              <Duration from={task.started_at} to={task.finished_at} />
            </span>
          </Link>
        </li>
      ))}
    </ul>
  );
}
