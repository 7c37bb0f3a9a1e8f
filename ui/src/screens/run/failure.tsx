/** Why a run failed, in one look: what, where, and what to do now. */

import { Command } from "@/parts/copy";
import { StatusIcon } from "@/parts/status";
import { Link } from "@/router/link";

import { causeText } from "../task/causes";
import { pageOf } from "./use_run";
import { SinceGoodRun } from "./since_good";
import type { FailureView, RunView } from "./shapes";

export function Failure({ run, failure }: { run: RunView; failure: FailureView }) {
  const task = failure.task ? pageOf(failure.task) : null;
  const debug = failure.task ? `headwater debug ${failure.task}` : null;
  const resume = run.commands?.["resume"];
  return (
    <section className="failure" aria-label="Why it failed">
      <StatusIcon status="failed" size={18} isSilent />
      <div className="stack tight">
        <p className="failure-what">
          {task && (
            <Link to={task} className="strong">
              {failure.step}/{failure.label}
            </Link>
          )}{" "}
          {causeText(failure.cause, failure.error)}
        </p>
        {failure.message && <pre className="failure-message">{failure.message}</pre>}
        {failure.hint && (
          <p className="muted">
            <span className="strong">Hint:</span> {failure.hint}
          </p>
        )}
        <div className="row wrap">
          {task && (
            <Link to={task} className="button primary">
              Show the traceback and logs
            </Link>
          )}
          {debug && <Command text={debug} />}
          {resume && <Command text={resume} />}
        </div>
        <SinceGoodRun run={run} />
      </div>
    </section>
  );
}
