/** Why an attempt failed: what and where in one sentence, what to do, then the frames with their variables. */

import { useState } from "react";

import { Command, Copy } from "@/parts/copy";
import { StatusIcon } from "@/parts/status";

import { causeText, shortType } from "./causes";
import type { AttemptView, TaskError, TaskView } from "./shapes";
import { Traceback, whereOf } from "./traceback";

export function Failure({
  task,
  attempt,
  error,
  flow,
  label,
  root,
}: {
  task: TaskView;
  attempt: AttemptView;
  error: TaskError;
  flow: string;
  label: string;
  /** Folder of the code. */
  root: string;
}) {
  const [isPlain, setPlain] = useState(false);
  const where = whereOf(error.frames ?? [], root);
  const details = Object.entries(error.details ?? {});
  return (
    <section className="failure task-failure" aria-label="Why it failed">
      <StatusIcon status="failed" size={18} isSilent />
      <div className="stack tight">
        <p className="failure-what">
          <span className="strong">{capitalized(causeText(attempt.cause ?? "exception", error.type))}</span>
          {where && (
            <>
              {" "}
              in <span className="mono">{where}</span>
            </>
          )}
          {attempt.status === "caught" && ", which @catch let pass"}
        </p>
        {error.message && (
          <pre className="failure-message">
            {error.type ? `${shortType(error.type)}: ${error.message}` : error.message}
          </pre>
        )}
        {error.hint && (
          <p>
            <span className="strong">Hint:</span> {error.hint}
          </p>
        )}
        {details.length > 0 && (
          <dl className="facts">
            {details.map(([name, value]) => (
              <Detail key={name} name={name} value={value} />
            ))}
          </dl>
        )}
        <div className="row wrap">
          {task.commands["debug"] && <Command text={task.commands["debug"]} />}
          {task.commands["resume"] && <Command text={task.commands["resume"]} />}
          {task.commands["resume_here"] && <Command text={task.commands["resume_here"]} />}
          {error.traceback && (
            <span className="push row">
              <button type="button" className="button small" aria-pressed={isPlain} onClick={() => setPlain(!isPlain)}>
                {isPlain ? "Frames" : "As text"}
              </button>
              <Copy text={error.traceback} label="Copy the traceback" />
            </span>
          )}
        </div>
        {isPlain ? (
          <pre className="traceback-text">{error.traceback}</pre>
        ) : (
          <Traceback frames={error.frames ?? []} root={root} flow={flow} label={label} />
        )}
      </div>
    </section>
  );
}

function Detail({ name, value }: { name: string; value: string }) {
  return (
    <>
      <dt>{name.replaceAll("_", " ")}</dt>
      <dd className="mono">{value}</dd>
    </>
  );
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
