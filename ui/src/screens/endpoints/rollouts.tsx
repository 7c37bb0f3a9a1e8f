/** How new versions took over: shares, what was counted, and the verdicts. */

import type { Judged, Judgement, RolloutMark, RolloutView } from "@/api/schema";
import { useEndless, useQuery } from "@/api/use_query";
import { Empty } from "@/parts/empty";
import { ProblemNote } from "@/parts/problem";
import { Spinner } from "@/parts/spinner";
import { Status, StatusIcon } from "@/parts/status";
import { Switch } from "@/parts/switch";
import { When } from "@/parts/when";
import { useQueryState } from "@/router/location";
import { LOOKS, type PlanStep, ladderOf, stepOf } from "@/screens/endpoints/plan";
import { Shifts } from "@/screens/endpoints/shifts";
import { evidenceShare, serviceUrl } from "@/screens/endpoints/words";
import { countText, shareText } from "@/words/numbers";

export function RolloutsOf({ service }: { service: string }) {
  const [chosen, choose] = useQueryState("rollout");
  const list = useEndless<RolloutMark>(serviceUrl(service, "/rollouts"), (mark) => String(mark.number));
  if (list.problem && list.rows.length === 0) return <ProblemNote problem={list.problem} />;
  if (list.isLoading) return <Spinner />;
  const first = list.rows[0];
  if (!first) {
    return (
      <Empty icon="endpoints" title="No version took over step by step">
        With <code>rollout = Canary(steps=[10, 50])</code> a new version is judged beside the live one before it takes over.
      </Empty>
    );
  }
  const number = Number(chosen) || first.number;
  return (
    <div className="stack">
      {list.rows.length > 1 && <Switch label="Rollout" options={list.rows.slice(0, 12).map(optionOf)} chosen={String(number)} choose={choose} />}
      <OneRollout service={service} number={number} />
    </div>
  );
}

function optionOf(mark: RolloutMark) {
  return { id: String(mark.number), name: `version ${mark.number}`, icon: <StatusIcon status={LOOKS[mark.state] ?? mark.state} isSilent /> };
}

function OneRollout({ service, number }: { service: string; number: number }) {
  const { data, problem } = useQuery<RolloutView>(serviceUrl(service, `/rollouts/${number}`));
  if (problem && !data) return <ProblemNote problem={problem} />;
  if (!data) return <Spinner />;
  const { mark, judgement, needed } = data;
  return (
    <div className="stack">
      <section className="card">
        <header>
          <h2>
            Version {mark.number} beside version {mark.live}
          </h2>
          <Status status={LOOKS[mark.state] ?? mark.state} label={mark.words} isPill />
          <span className="muted push">
            since <When at={mark.since} />
          </span>
        </header>
        <div className="body stack tight">
          <Ladder steps={ladderOf(data)} />
          {mark.reason && !(judgement && mark.reason.includes(judgement.reason)) && <p>{mark.reason}</p>}
          {!data.is_over && <StepProgress view={data} />}
          {judgement ? <Verdict view={data} judgement={judgement} /> : <p className="muted">Nothing was counted yet</p>}
          {!data.is_over && needed.length > 0 && (
            <p className="muted">
              Needed: {needed.map((each) => `${countText(each.total)} requests at ${shareText(each.share / 100)}`).join(", ")}
            </p>
          )}
          {data.not_shadowed > 0 && <p className="muted">{countText(data.not_shadowed)} shadowed requests were left out: it had enough to do</p>}
        </div>
      </section>
      {judgement && <Shifts shifts={judgement.shifts ?? []} live={mark.live} candidate={mark.number} />}
      <section className="card">
        <header>
          <h2>Step by step</h2>
        </header>
        <ol className="body stack tight">
          {data.steps.map((step, index) => (
            <li key={index} className="row wrap">
              {/* What went on is behind it, whatever it looked like then. */}
              <Status status={index < data.steps.length - 1 ? "passed" : (LOOKS[step.state] ?? step.state)} label={step.words} />
              <When at={step.since} className="muted" />
              <span className="muted">by {step.user}</span>
              <span>{step.reason || step.judgement?.reason}</span>
            </li>
          ))}
        </ol>
      </section>
    </div>
  );
}

/** The plan, from the first share to all requests, and where it is. */
function Ladder({ steps }: { steps: readonly PlanStep[] }) {
  return (
    <ol className="ladder" aria-label="Plan">
      {steps.map(({ id, name, state }) => (
        <li key={id} aria-current={state === "now" || state === "held" ? "step" : undefined}>
          <StatusIcon status={RUNGS[state]} isSilent />
          <span>{name}</span>
          <span className={state === "passed" ? "hidden-text" : "faint"}>{state}</span>
        </li>
      ))}
    </ol>
  );
}

const RUNGS: Readonly<Record<PlanStep["state"], string>> = {
  passed: "passed",
  now: "judging",
  held: "held",
  "to come": "pending",
  "not reached": "idle",
  "went back": "failed",
};

/** How many of the requests that this share takes have come. */
function StepProgress({ view }: { view: RolloutView }) {
  const { counted, needed } = stepOf(view);
  if (needed === 0) return null;
  return (
    <p className="row wrap">
      <progress value={Math.min(counted, needed)} max={needed} aria-label="Requests at this share" />
      <span className="number">
        {countText(counted)} of {countText(needed)}
      </span>
      <span className="muted">requests to version {view.mark.number} that {shareText(view.mark.share)} takes</span>
      {view.counted_at !== null && (
        <span className="faint">
          counted <When at={view.counted_at} />
        </span>
      )}
    </p>
  );
}

const VERDICTS: Readonly<Record<Judgement["verdict"], { word: string; status: string }>> = {
  better_or_equal: { word: "no worse", status: "succeeded" },
  inconclusive: { word: "inconclusive", status: "held" },
  worse: { word: "worse", status: "failed" },
};

const SIGNALS: Readonly<Record<string, string>> = { failures: "Failed", refusals: "Refused", slow: "Slower than the live one's usual" };

function Verdict({ view: { mark, is_over }, judgement }: { view: RolloutView; judgement: Judgement }) {
  const { live, number: candidate } = mark;
  // While requests come, not to know yet is how it should be.
  const isOpen = judgement.verdict === "inconclusive" && !is_over && mark.state !== "held";
  const { word, status } = isOpen ? { word: "not decided yet", status: "judging" } : VERDICTS[judgement.verdict];
  return (
    <div className="stack tight">
      <p className="row wrap">
        <Status status={status} label={word} />
        <span>{judgement.reason}</span>
      </p>
      <div className="scroll" tabIndex={0} role="region" aria-label="What was counted">
        <table className="plain-table">
          <thead>
            <tr>
              <th>Counted</th>
              <th className="number">version {live}</th>
              <th className="number">version {candidate}</th>
              <th>Evidence that it is worse</th>
              <th>Evidence that it is fine</th>
            </tr>
          </thead>
          <tbody>
            {(judgement.signals ?? []).map((signal) => (
              <Signal key={signal.name} signal={signal} />
            ))}
          </tbody>
        </table>
      </div>
      {(judgement.compared ?? 0) > 0 && (
        <p className="muted">
          {countText(judgement.equal ?? 0)} of {countText(judgement.compared ?? 0)} shadowed answers were equal
        </p>
      )}
    </div>
  );
}

function Signal({ signal: { name, counts, worse, worse_at, fine, fine_at } }: { signal: Judged }) {
  const { live = 0, live_bad = 0, candidate = 0, candidate_bad = 0 } = counts;
  return (
    <tr>
      <td>{SIGNALS[name] ?? name}</td>
      <td className="number">{share(live_bad, live)}</td>
      <td className="number">{share(candidate_bad, candidate)}</td>
      <Evidence value={worse} bound={worse_at} tone="bad" />
      <Evidence value={fine} bound={fine_at} tone="ok" />
    </tr>
  );
}

function share(bad: number, all: number): string {
  return all === 0 ? "–" : `${countText(bad)} of ${countText(all)} (${shareText(bad / all)})`;
}

/** How far the evidence has come towards the bound at which it decides. */
function Evidence({ value, bound, tone }: { value: number; bound: number; tone: "bad" | "ok" }) {
  const share = evidenceShare(value, bound);
  return (
    <td title={`evidence ${value.toPrecision(3)}, decides at ${bound.toPrecision(3)}`}>
      <span className={`evidence ${tone}`}>
        <span className="evidence-track" aria-hidden>
          <span style={{ width: `${share * 100}%` }} />
        </span>
        <span className="number">{share >= 1 ? "decided" : shareText(share)}</span>
      </span>
    </td>
  );
}
