/** What an endpoint answered to the form. */

import type { Problem } from "@/api/client";
import type { TryAnswer } from "@/api/schema";
import { Command } from "@/parts/copy";
import { ProblemNote } from "@/parts/problem";
import { Spinner } from "@/parts/spinner";
import { Status } from "@/parts/status";
import { pretty } from "@/screens/endpoints/words";
import { durationText } from "@/words/duration";

export function Answer({
  answer,
  problem,
  wrong,
  isBusy,
}: {
  answer: TryAnswer | null;
  problem: Problem | undefined;
  wrong: Readonly<Record<string, string>>;
  isBusy: boolean;
}) {
  const names = Object.keys(wrong);
  return (
    <section className="card" aria-label="Answer" aria-live="polite" aria-busy={isBusy}>
      <header>
        <h2>Answer</h2>
        {answer && (
          <span className="row wrap push">
            <Status status={answer.status < 400 ? "succeeded" : "failed"} label={`${answer.status} ${WORDS[answer.status] ?? ""}`.trim()} />
            <span className="muted number" title="from the page's server to the host and back">
              {durationText(answer.seconds)}
            </span>
            {answer.version && <span className="muted">by version {answer.version.split("/").at(-1)}</span>}
          </span>
        )}
      </header>
      <div className="body stack tight">
        {problem && <ProblemNote problem={problem} />}
        {names.length > 0 && <p className="bad-text">Look at {names.join(", ")}</p>}
        {isBusy && !answer && <Spinner />}
        {!answer && !problem && !isBusy && names.length === 0 && <p className="muted">Nothing was asked yet</p>}
        {answer && <pre className="answer">{pretty(answer.body)}</pre>}
        {answer?.is_cut && <p className="muted">The rest is too long to be shown</p>}
        {answer?.prediction && (
          <div className="stack tight">
            <p className="muted">What made this answer: the run, code and artifacts behind it</p>
            <Command text={`headwater explain ${answer.prediction}`} />
          </div>
        )}
      </div>
    </section>
  );
}

const WORDS: Readonly<Record<number, string>> = {
  200: "answered",
  400: "refused",
  401: "takes a token",
  404: "not there",
  413: "too large",
  422: "refused",
  429: "too busy",
  500: "failed",
  502: "its worker died",
  503: "does not answer now",
  504: "took too long",
};
