/** Publish an event by hand. */

import { useState } from "react";

import { apiUrl, request } from "@/api/client";
import { answers } from "@/api/cache";
import { RequestFailed } from "@/api/client";
import { Confirm } from "@/parts/dialog";

export function Publish({ close }: { close: () => void }) {
  const [name, setName] = useState("");
  const [payload, setPayload] = useState("{}");
  const [scope, setScope] = useState("");
  // The same for every try of this dialog: pressed twice, it is published once.
  const [id] = useState(() => crypto.randomUUID());
  const act = async () => {
    const body = { name, payload: readPayload(payload), id, ...(scope ? { scope } : {}) };
    await request("POST", apiUrl("/events"), { body });
    answers.invalidate((url) => url.includes("/events"));
  };
  return (
    <Confirm title="Publish an event" action="Publish" act={act} close={close}>
      <p className="muted">Deployments that wait for it start a run each. It cannot be taken back.</p>
      <label className="stack tight">
        <span>Name</span>
        <input className="field" value={name} onChange={(event) => setName(event.target.value)} placeholder="new_data" />
      </label>
      <label className="stack tight">
        <span>What it carries, as JSON</span>
        <textarea className="field mono" rows={5} value={payload} onChange={(event) => setPayload(event.target.value)} />
      </label>
      <label className="stack tight">
        <span>
          Heard only in <span className="muted">(project.branch; empty = everywhere)</span>
        </span>
        <input className="field" value={scope} onChange={(event) => setScope(event.target.value)} placeholder="fraud.prod" />
      </label>
    </Confirm>
  );
}

function readPayload(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text || "{}");
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // told below
  }
  const detail = 'what it carries is an object of JSON: {"rows": 120}';
  throw new RequestFailed({ title: "This cannot be published", status: 422, detail });
}
