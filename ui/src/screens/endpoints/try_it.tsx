/** A form to ask an endpoint once, filled with an example. */

import { useState } from "react";

import { type Problem, request } from "@/api/client";
import { problemOfError } from "@/api/problem";
import type { EndpointView, ServiceView, TryAnswer } from "@/api/schema";
import { useMay } from "@/api/session";
import { ProblemNote } from "@/parts/problem";
import { Status } from "@/parts/status";
import { Switch } from "@/parts/switch";
import { useQueryState } from "@/router/location";
import { serviceUrl } from "@/screens/endpoints/words";
import { durationText } from "@/words/duration";

export function TryIt({ view }: { view: ServiceView }) {
  const [name, setName] = useQueryState("endpoint", view.endpoints[0]?.name ?? "");
  const endpoint = view.endpoints.find((each) => each.name === name) ?? view.endpoints[0];
  if (!endpoint) return <p className="muted">It has no endpoint</p>;
  return (
    <div className="stack">
      {view.endpoints.length > 1 && (
        <Switch label="Endpoint" options={view.endpoints.map(({ name: id }) => ({ id, name: id }))} chosen={endpoint.name} choose={setName} />
      )}
      <Form key={endpoint.name} view={view} endpoint={endpoint} />
    </div>
  );
}

function Form({ view, endpoint }: { view: ServiceView; endpoint: EndpointView }) {
  const mayAsk = useMay("runner", view.row.project);
  const [text, setText] = useState(JSON.stringify(endpoint.example, null, 2));
  const [answer, setAnswer] = useState<TryAnswer | null>(null);
  const [problem, setProblem] = useState<Problem>();
  const [isBusy, setBusy] = useState(false);
  const send = () => {
    let body: unknown;
    try {
      body = JSON.parse(text);
    } catch (error) {
      setProblem({ title: "This is no JSON", status: 422, detail: error instanceof Error ? error.message : "" });
      return;
    }
    setBusy(true);
    setProblem(undefined);
    const url = serviceUrl(view.row.service, `/endpoints/${encodeURIComponent(endpoint.name)}/try`);
    request<TryAnswer>("POST", url, { body: { body } })
      .then(setAnswer, (error: unknown) => setProblem(problemOfError(error)))
      .finally(() => setBusy(false));
  };
  return (
    <div className="try-it">
      <section className="card">
        <header>
          <h2>Request</h2>
          <span className="muted push">{endpoint.is_real_example ? "an example of the training data" : "an example made of the types"}</span>
        </header>
        <div className="body stack tight">
          {endpoint.doc && <p className="muted">{endpoint.doc}</p>}
          <textarea
            className="field mono"
            aria-label="Request as JSON"
            rows={Math.min(24, text.split("\n").length + 1)}
            spellCheck={false}
            value={text}
            onChange={(event) => setText(event.target.value)}
            onKeyDown={(event) => (event.ctrlKey || event.metaKey) && event.key === "Enter" && mayAsk && send()}
          />
          <p className="row">
            <button type="button" className="button primary" disabled={isBusy || !mayAsk} onClick={send}>
              Ask
            </button>
            <span className="muted">{mayAsk ? "It is logged as any other request" : "This takes a runner"}</span>
          </p>
        </div>
      </section>
      <section className="card" aria-live="polite">
        <header>
          <h2>Answer</h2>
          {answer && (
            <span className="row push">
              <Status status={answer.status < 400 ? "succeeded" : "failed"} label={String(answer.status)} />
              <span className="muted number">{durationText(answer.seconds)}</span>
            </span>
          )}
        </header>
        <div className="body stack tight">
          {problem && <ProblemNote problem={problem} />}
          {!answer && !problem && <p className="muted">Nothing was asked yet</p>}
          {answer && <pre className="answer">{pretty(answer.body)}</pre>}
          {answer?.is_cut && <p className="muted">The rest is too long to be shown</p>}
          {answer?.prediction && (
            <p className="muted">
              by {answer.version}, <code>headwater explain {answer.prediction}</code>
            </p>
          )}
        </div>
      </section>
    </div>
  );
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
