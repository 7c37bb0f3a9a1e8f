/** What the time of a run is to be blamed on: of its duration, and of each step. */

import { useState } from "react";

import { useQuery } from "@/api/use_query";
import { ProblemNote } from "@/parts/problem";
import { Spinner } from "@/parts/spinner";
import { Link } from "@/router/link";
import { pathOf } from "@/router/match";
import { durationText } from "@/words/duration";
import { countText, plural, shareText } from "@/words/numbers";

import type { Blame, Seconds, StepBlame } from "./shapes";
import { KINDS, KindLegend, SecondsBar, sumOf } from "./shares";
import { type About, runUrl, useFresh } from "./use_run";

export function BlameTab({ run, listen }: About) {
  const url = runUrl(run.flow, run.label, "/blame");
  const { data: blame, problem } = useQuery<Blame>(url);
  useFresh(url, listen);
  const [isPerTask, setPerTask] = useState(false);
  if (!blame) return problem ? <ProblemNote problem={problem} /> : <Spinner />;
  const sizeOf = (step: StepBlame) => (isPerTask ? sumOf(step.seconds) / Math.max(1, step.tasks) : sumOf(step.seconds));
  const widest = Math.max(0.001, ...blame.steps.map(sizeOf));
  return (
    <div className="stack">
      <section className="card">
        <header>
          <h2>The run's {durationText(blame.duration)}</h2>
          <span className="muted">{verdictOf(blame)}</span>
        </header>
        <div className="body stack tight">
          <SecondsBar
            seconds={blame.path}
            whole={Math.max(blame.duration, sumOf(blame.path) + blame.starting + blame.other)}
            starting={blame.starting}
            other={blame.other}
            label="The run"
          />
          <KindLegend seconds={blame.path} starting={blame.starting} other={blame.other} />
        </div>
      </section>
      <section className="card">
        <header>
          <h2>Each step</h2>
          <label className="push row muted">
            <input type="checkbox" checked={isPerTask} onChange={() => setPerTask(!isPerTask)} />
            Mean of its tasks
          </label>
        </header>
        <div className="blame-steps" role="table" aria-label="Time of each step">
          <div className="blame-row head faint" role="row">
            <span role="columnheader">Step</span>
            <span role="columnheader">{isPerTask ? "A task's time" : "All its tasks' time"}</span>
            <span role="columnheader" className="number">
              Total
            </span>
            <span role="columnheader" className="number">
              Median
            </span>
            <span role="columnheader" className="number">
              Longest
            </span>
            <span role="columnheader" className="number">
              In vain
            </span>
          </div>
          {blame.steps.map((step) => (
            <div key={step.step} className="blame-row" role="row">
              <span role="cell" className="cut" title={step.step}>
                <Link to={`?tab=tasks&step=${encodeURIComponent(step.step)}`} className="strong">
                  {step.step}
                </Link>{" "}
                {step.tasks > 1 && <span className="faint number">× {countText(step.tasks)}</span>}
              </span>
              <span role="cell">
                <SecondsBar
                  seconds={isPerTask ? scaled(step.seconds, 1 / Math.max(1, step.tasks)) : step.seconds}
                  whole={widest}
                  label={step.step}
                />
              </span>
              <span role="cell" className="number">
                {durationText(sumOf(step.seconds))}
              </span>
              <span role="cell" className="number">
                {step.median === null || step.median === undefined ? "–" : durationText(step.median)}
              </span>
              <span role="cell" className="number">
                {step.longest === null || step.longest === undefined || !step.longest_label ? (
                  "–"
                ) : (
                  <Link to={pathOf("runs", run.flow, run.label, step.step, step.longest_label)}>
                    {durationText(step.longest)}
                  </Link>
                )}
              </span>
              <span role="cell" className="number">
                {step.failed_attempts > 0 ? (
                  <span title={`${plural(step.failed_attempts, "attempt")} failed`}>
                    {countText(step.failed_attempts)}
                  </span>
                ) : (
                  ""
                )}
              </span>
            </div>
          ))}
        </div>
      </section>
      {blame.is_cut && (
        <p className="muted">The run has more tasks than are looked at here: sums are of the first ones.</p>
      )}
    </div>
  );
}

/** The largest part in words: what to look at first. */
function verdictOf({ path, starting, other, duration }: Blame): string {
  if (duration <= 0) return "";
  const parts = [
    ...KINDS.map(({ id, name }) => [name.toLowerCase(), path[id] ?? 0] as const),
    ["the start of processes", starting] as const,
    ["waiting for slots, retries or gates", other] as const,
  ];
  const [name, seconds] = parts.reduce((most, part) => (part[1] > most[1] ? part : most));
  return `${shareText(seconds / duration)} of it was ${name}`;
}

function scaled(seconds: Seconds, factor: number): Seconds {
  return Object.fromEntries(KINDS.map(({ id }) => [id, (seconds[id] ?? 0) * factor]));
}
