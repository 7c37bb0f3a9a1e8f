/** A form to ask an endpoint once, made of what it takes and filled with an example. */

import { useId, useRef, useState } from "react";

import { answers } from "@/api/cache";
import { type Problem, request } from "@/api/client";
import { problemOfError } from "@/api/problem";
import type { EndpointView, ServiceView, TryAnswer } from "@/api/schema";
import { useMay } from "@/api/session";
import { Command } from "@/parts/copy";
import { Switch } from "@/parts/switch";
import { useQueryState } from "@/router/location";
import { Answer } from "@/screens/endpoints/answer";
import { type Field, fieldMeant, fieldsOf, fits, nameOf, refusalText, requestOf, textsOf } from "@/screens/endpoints/form";
import { FormField } from "@/screens/endpoints/form_field";
import { curlOf, serviceUrl } from "@/screens/endpoints/words";

export function TryIt({ view }: { view: ServiceView }) {
  const [name, setName] = useQueryState("endpoint", view.endpoints[0]?.name ?? "");
  const endpoint = view.endpoints.find((each) => each.name === name) ?? view.endpoints[0];
  if (!endpoint) return <p className="muted">It has no endpoint</p>;
  return (
    <div className="stack">
      {view.endpoints.length > 1 && (
        <Switch label="Endpoint" options={view.endpoints.map(({ name: id }) => ({ id, name: id }))} chosen={endpoint.name} choose={setName} />
      )}
      <TryEndpoint key={endpoint.name} view={view} endpoint={endpoint} />
    </div>
  );
}

/** What was asked, and what came of it. */
interface Asking {
  readonly isBusy: boolean;
  readonly answer: TryAnswer | null;
  readonly problem: Problem | undefined;
  /** By field: what is wrong with it. */
  readonly wrong: Readonly<Record<string, string>>;
}

const NOTHING: Asking = { isBusy: false, answer: null, problem: undefined, wrong: {} };

function TryEndpoint({ view, endpoint }: { view: ServiceView; endpoint: EndpointView }) {
  const draft = useDraft(endpoint);
  const [asking, setAsking] = useState<Asking>(NOTHING);
  const [token, setToken] = useState("");
  const mayAsk = useMay("runner", view.row.project);
  const box = useRef<HTMLFormElement>(null);
  const point = (wrong: Asking["wrong"]) => {
    const [first] = Object.keys(wrong);
    if (first) box.current?.querySelector<HTMLElement>(`[data-name="${CSS.escape(first)}"]`)?.focus();
  };
  const ask = async () => {
    const read = draft.read();
    if (read.problem || Object.keys(read.wrong).length > 0) {
      setAsking({ ...NOTHING, problem: read.problem, wrong: read.wrong });
      point(read.wrong);
      return;
    }
    setAsking((before) => ({ ...before, isBusy: true, wrong: {} }));
    const url = serviceUrl(view.row.service, `/endpoints/${encodeURIComponent(endpoint.name)}/try`);
    try {
      const answer = await request<TryAnswer>("POST", url, { body: { body: read.body, ...(token ? { token } : {}) } });
      const wrong = draft.fields ? refusedField(draft.fields, answer) : {};
      setAsking({ ...NOTHING, answer, wrong });
      point(wrong);
    } catch (error) {
      setAsking({ ...NOTHING, problem: problemOfError(error) });
      // Why nobody answers is told by how the service stands.
      answers.invalidate((each) => each.includes("/services"));
    }
  };
  const isShown = draft.fields !== null && !draft.isJson;
  return (
    <div className="try-it">
      <form
        ref={box}
        className="card"
        aria-label={`Ask ${endpoint.name}`}
        noValidate
        onSubmit={(event) => (event.preventDefault(), mayAsk && !asking.isBusy && void ask())}
      >
        <header>
          <h2>Request</h2>
          <span className="muted">{endpoint.is_real_example ? "an example of the training data" : "an example made of the types"}</span>
          {draft.fields && (
            <span className="push">
              <Switch label="Written as" options={FORMS} chosen={draft.isJson ? "json" : "form"} choose={(to) => setAsking({ ...NOTHING, problem: draft.show(to === "json") })} />
            </span>
          )}
        </header>
        <div className="body stack">
          {endpoint.doc && <p className="muted">{endpoint.doc}</p>}
          {isShown && draft.fields ? (
            <div className="try-fields">
              {draft.fields.map((field) => (
                <FormField
                  key={nameOf(field)}
                  field={field}
                  text={draft.texts[nameOf(field)] ?? ""}
                  change={(text) => draft.change(field, text)}
                  wrong={asking.wrong[nameOf(field)]}
                />
              ))}
            </div>
          ) : (
            <JsonField text={draft.json} change={draft.changeJson} ask={() => mayAsk && void ask()} />
          )}
          {(asking.answer?.status === 401 || token) && <TokenOfCaller token={token} change={setToken} />}
          <div className="row wrap">
            <button type="submit" className="button primary" disabled={asking.isBusy || !mayAsk}>
              {asking.isBusy ? "Asking …" : "Ask"}
            </button>
            {mayAsk ? (
              <>
                <button type="button" className="button" onClick={() => (draft.reset(), setAsking(NOTHING))}>
                  The example again
                </button>
                <span className="muted">It is logged as any other request</span>
              </>
            ) : (
              <span className="muted">Asking takes the role runner in this project; you may look</span>
            )}
          </div>
        </div>
      </form>
      <div className="stack">
        <Answer {...asking} />
        {view.row.url && <Command text={curlOf(view.row.url, endpoint.name, JSON.stringify(draft.read().body ?? endpoint.example))} />}
      </div>
    </div>
  );
}

const FORMS = [
  { id: "form", name: "Form" },
  { id: "json", name: "JSON" },
];

function refusedField(fields: readonly Field[], { status, body }: TryAnswer): Record<string, string> {
  if (status !== 400 && status !== 422) return {};
  try {
    const { detail = "" } = JSON.parse(body) as { detail?: string };
    const name = fieldMeant(fields, detail);
    return name === null ? {} : { [name]: refusalText(detail) };
  } catch {
    return {};
  }
}

/** A request that is being written, as the texts of a form or as JSON. */
function useDraft(endpoint: EndpointView) {
  const [fields] = useState(() => fieldsOf(endpoint));
  const isFitting = fields !== null && fits(fields, endpoint.example);
  const [isJson, setJson] = useState(!isFitting);
  const [texts, setTexts] = useState(() => textsOf(fields ?? [], endpoint.example));
  const [json, changeJson] = useState(() => JSON.stringify(endpoint.example, null, 2));
  const read = (): { body?: unknown; problem: Problem | undefined; wrong: Readonly<Record<string, string>> } => {
    if (!isJson && fields) return { ...requestOf(fields, texts), problem: undefined };
    try {
      return { body: JSON.parse(json) as unknown, problem: undefined, wrong: {} };
    } catch (error) {
      return { problem: { title: "This is no JSON", status: 422, detail: error instanceof Error ? error.message : "" }, wrong: {} };
    }
  };
  /** Show it the other way; gives why that is not possible. */
  const show = (asJson: boolean): Problem | undefined => {
    const { body, problem } = read();
    if (asJson) changeJson(JSON.stringify(body, null, 2));
    else if (problem) return problem;
    else if (fields && !fits(fields, body)) return UNFIT;
    else setTexts(textsOf(fields ?? [], body));
    setJson(asJson);
    return undefined;
  };
  const change = (field: Field, text: string) => setTexts((before) => ({ ...before, [nameOf(field)]: text }));
  const reset = () => {
    setTexts(textsOf(fields ?? [], endpoint.example));
    changeJson(JSON.stringify(endpoint.example, null, 2));
  };
  return { fields, isJson, texts, json, read, show, change, changeJson, reset };
}

const UNFIT: Problem = { title: "The form cannot show this", status: 422, detail: "it has other fields, or values of other types, than the endpoint takes" };

function JsonField({ text, change, ask }: { text: string; change: (text: string) => void; ask: () => void }) {
  return (
    <textarea
      className="field mono"
      aria-label="Request as JSON"
      rows={Math.min(24, text.split("\n").length + 1)}
      spellCheck={false}
      value={text}
      onChange={(event) => change(event.target.value)}
      onKeyDown={(event) => (event.ctrlKey || event.metaKey) && event.key === "Enter" && ask()}
    />
  );
}

function TokenOfCaller({ token, change }: { token: string; change: (token: string) => void }) {
  const id = useId();
  return (
    <div className="stack tight">
      <label htmlFor={id}>Token of a caller</label>
      <input id={id} className="field mono" type="password" autoComplete="off" value={token} onChange={(event) => change(event.target.value)} />
      <span className="muted">The host asks for one; it is passed on and kept nowhere</span>
    </div>
  );
}
