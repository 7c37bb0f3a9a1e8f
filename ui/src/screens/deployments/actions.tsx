/** What may be done to an alias, each behind a window that says what will change. */

import { useState } from "react";

import { answers } from "@/api/cache";
import { request } from "@/api/client";
import type { AliasView, DeployedParameter, DeploymentView, StartedRun } from "@/api/schema";
import { Confirm } from "@/parts/dialog";
import { navigate } from "@/router/location";
import { aliasUrl } from "@/screens/deployments/urls";
import { linkOfRun } from "@/screens/deployments/run_squares";
import { readValue, writeValue } from "@/screens/deployments/values";

type Deed = "run" | "pause" | "unpause" | "rollback" | "promote" | "approve" | "reject";

export function Actions({ view }: { view: DeploymentView }) {
  const [deed, setDeed] = useState<Deed | null>(null);
  const { alias } = view;
  if (!alias.may_change) return null;
  const isProduction = alias.alias === "production";
  const close = () => setDeed(null);
  return (
    <div className="row wrap">
      {alias.pending && !alias.pending.is_expired && (
        <>
          <Button name="Approve" act={() => setDeed("approve")} isPrimary />
          <Button name="Reject" act={() => setDeed("reject")} />
        </>
      )}
      {alias.number !== null && (
        <>
          <Button name="Run now" act={() => setDeed("run")} isPrimary={!alias.pending} />
          <Button name={alias.is_paused ? "Unpause" : "Pause"} act={() => setDeed(alias.is_paused ? "unpause" : "pause")} />
          {!isProduction && <Button name="Promote" act={() => setDeed("promote")} />}
          <Button name="Roll back" act={() => setDeed("rollback")} />
        </>
      )}
      {deed === "run" ? (
        <RunNow view={view} close={close} />
      ) : (
        deed && <Change alias={alias} deed={deed} close={close} />
      )}
    </div>
  );
}

function Button({ name, act, isPrimary = false }: { name: string; act: () => void; isPrimary?: boolean }) {
  return (
    <button type="button" className={isPrimary ? "button primary" : "button"} onClick={act}>
      {name}
    </button>
  );
}

const WORDS: Record<Exclude<Deed, "run">, { title: string; action: string; what: (alias: AliasView) => string }> = {
  pause: {
    title: "Pause",
    action: "Pause",
    what: () => "Schedules and triggers start no runs any more. What runs now goes on, and people can still start runs.",
  },
  unpause: {
    title: "Unpause",
    action: "Unpause",
    what: () => "Schedules and triggers start runs again from now on. What passed meanwhile is not made up for.",
  },
  rollback: {
    title: "Roll back",
    action: "Roll back",
    what: (alias) => `New runs are of the chosen version instead of version ${alias.number ?? "–"}. Runs under way go on as they are.`,
  },
  promote: {
    title: "Promote to production",
    action: "Promote",
    what: (alias) =>
      `${alias.shadow_of ?? `${alias.name}@production`} names version ${alias.number ?? "–"} from now on; nothing is computed again. It may wait for somebody's approval.`,
  },
  approve: {
    title: "Approve",
    action: "Approve",
    what: (alias) => `${alias.target} names version ${alias.pending?.number ?? "–"} at once.`,
  },
  reject: {
    title: "Reject",
    action: "Reject",
    what: (alias) => `Version ${alias.pending?.number ?? "–"} is not put to work; ${alias.target} stays as it is.`,
  },
};

/** Ask before an alias is changed; `to` = the version that a rollback means, else it is asked for. */
export function Change({ alias, deed, to, close }: { alias: AliasView; deed: Exclude<Deed, "run">; to?: number; close: () => void }) {
  const [reason, setReason] = useState("");
  const [token, setToken] = useState("");
  const [number, setNumber] = useState(to === undefined ? "" : String(to));
  const { title, action, what } = WORDS[deed];
  const isDecision = deed === "approve" || deed === "reject";
  const act = async () => {
    const body = {
      ...(deed === "promote" ? {} : { reason }),
      ...(isDecision ? {} : { token }),
      ...(deed === "rollback" && number ? { number: Number(number) } : {}),
    };
    await request("POST", aliasUrl(alias.target, `/${deed}`), { body });
    answers.invalidate((url) => /\/(deployments|schedules|approvals)/.test(url));
  };
  return (
    <Confirm title={`${title}: ${alias.target}`} action={action} act={act} close={close}>
      <p>{what(alias)}</p>
      {deed === "rollback" && (
        <label className="stack tight">
          <span>
            To version <span className="muted">(empty = the one before)</span>
          </span>
          <input className="field" type="number" min={1} value={number} onChange={(event) => setNumber(event.target.value)} />
        </label>
      )}
      {deed !== "promote" && (
        <label className="stack tight">
          <span>
            Why <span className="muted">(kept with the change)</span>
          </span>
          <input className="field" value={reason} maxLength={500} onChange={(event) => setReason(event.target.value)} />
        </label>
      )}
      {!isDecision && alias.needs_token && <TokenField alias={alias} token={token} setToken={setToken} />}
    </Confirm>
  );
}

/** What is somebody else's takes its token; it goes with the request and is kept nowhere. */
export function TokenField({ alias, token, setToken }: { alias: AliasView; token: string; setToken: (token: string) => void }) {
  return (
    <label className="stack tight">
      <span>
        Its token <span className="muted">(it belongs to {alias.owner}, who can print it)</span>
      </span>
      <input
        className="field mono"
        type="password"
        autoComplete="off"
        value={token}
        onChange={(event) => setToken(event.target.value)}
      />
    </label>
  );
}

export function RunNow({ view, close }: { view: DeploymentView; close: () => void }) {
  const { alias, deployment } = view;
  const parameters = (deployment?.parameters ?? []).filter((parameter) => !parameter.is_fixed);
  const [texts, setTexts] = useState<Readonly<Record<string, string>>>({});
  const [token, setToken] = useState("");
  const act = async () => {
    const values: Record<string, unknown> = {};
    for (const parameter of parameters) {
      const text = texts[parameter.name];
      if (text !== undefined && text !== writeValue(parameter.value)) values[parameter.name] = readValue(parameter, text);
    }
    const body = { parameters: values, token };
    const started = await request<StartedRun>("POST", aliasUrl(alias.target, "/runs"), { body });
    answers.invalidate((url) => url.includes("/runs") || url.includes("/deployments"));
    navigate(linkOfRun(started.path));
  };
  return (
    <Confirm title={`Run ${alias.target} now`} action="Run" act={act} close={close}>
      <p className="muted">A run of version {alias.number}, in its place among the others of its pool.</p>
      {parameters.map((parameter) => (
        <ParameterField
          key={parameter.name}
          parameter={parameter}
          text={texts[parameter.name] ?? writeValue(parameter.value)}
          setText={(text) => setTexts({ ...texts, [parameter.name]: text })}
        />
      ))}
      {alias.needs_token && <TokenField alias={alias} token={token} setToken={setToken} />}
    </Confirm>
  );
}

function ParameterField({
  parameter,
  text,
  setText,
}: {
  parameter: DeployedParameter;
  text: string;
  setText: (text: string) => void;
}) {
  return (
    <label className="stack tight">
      <span>
        {parameter.name} <span className="muted">{parameter.is_list ? `list of ${parameter.type}` : parameter.type}</span>
        {parameter.is_required && <span className="muted"> required</span>}
      </span>
      <input className="field" value={text} onChange={(event) => setText(event.target.value)} />
      {parameter.help && <span className="muted">{parameter.help}</span>}
    </label>
  );
}
