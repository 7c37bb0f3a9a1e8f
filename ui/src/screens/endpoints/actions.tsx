/** What may be done to a service, each behind a window that says what will change. */

import { useState } from "react";

import { answers } from "@/api/cache";
import { request } from "@/api/client";
import type { RolloutMark, ServiceRow, ServiceView } from "@/api/schema";
import { Confirm } from "@/parts/dialog";
import { When } from "@/parts/when";
import { serviceUrl } from "@/screens/endpoints/words";

export type ServiceDeed = "promote" | "rollback" | "pause" | "unpause";

/** `refused`: the newest version was rolled back; it can be promoted all the same, and nothing suggests it. */
export function ServiceActions({ view, refused }: { view: ServiceView; refused: RolloutMark | undefined }) {
  const [deed, setDeed] = useState<ServiceDeed | null>(null);
  const { row } = view;
  if (!row.may_change) return null;
  return (
    <div className="row wrap">
      {view.newest > row.number && (
        // While the numbers decide, letting them is the usual thing.
        <button type="button" className={row.rollout || refused ? "button" : "button primary"} onClick={() => setDeed("promote")}>
          Promote version {view.newest}
        </button>
      )}
      {(row.rollout || row.warm !== null || row.number > 1) && (
        <button type="button" className="button" onClick={() => setDeed("rollback")}>
          {row.rollout ? `Roll back version ${row.rollout.number}` : row.warm !== null ? `Roll back to version ${row.warm}` : "Roll back"}
        </button>
      )}
      <button type="button" className="button" onClick={() => setDeed(row.is_paused ? "unpause" : "pause")}>
        {row.is_paused ? "Unpause" : "Pause"}
      </button>
      {deed && <ServiceChange row={row} deed={deed} refused={refused} close={() => setDeed(null)} />}
    </div>
  );
}

const WORDS: Readonly<Record<ServiceDeed, { action: string; what: (row: ServiceRow, number: string) => string }>> = {
  promote: {
    action: "Promote",
    what: (_, number) => `${number} is loaded wholly, then takes all requests; the one before stays warm. No request fails over it.`,
  },
  rollback: {
    action: "Roll back",
    what: (row, number) =>
      row.rollout ? `Version ${row.rollout.number} gets no more requests, at once.` : `${number} answers again, at once: it is kept warm.`,
  },
  pause: { action: "Pause", what: () => "Callers are turned away with 503 until it is unpaused." },
  unpause: { action: "Unpause", what: () => "Callers are answered again." },
};

export function ServiceChange({
  row,
  deed,
  number,
  refused,
  close,
}: {
  row: ServiceRow;
  deed: ServiceDeed;
  /** Of the version; else the one that the deed means. */
  number?: number;
  refused?: RolloutMark | undefined;
  close: () => void;
}) {
  const [reason, setReason] = useState("");
  const [token, setToken] = useState("");
  const { action, what } = WORDS[deed];
  const version = number === undefined ? (deed === "promote" ? "The newest version" : "The version before") : `Version ${number}`;
  const act = async () => {
    await request("POST", serviceUrl(row.service, `/${deed}`), { body: { reason, token, ...(number === undefined ? {} : { number }) } });
    answers.invalidate((url) => url.includes("/services"));
  };
  return (
    <Confirm title={`${action}: ${row.service}`} action={action} act={act} close={close} isDangerous={deed === "pause"}>
      {deed === "promote" && refused && (
        <p className="bad-text">
          Version {refused.number} was rolled back <When at={refused.since} />: {refused.reason}
        </p>
      )}
      <p>{what(row, version)}</p>
      <label className="stack tight">
        <span>
          Why <span className="muted">(kept with the change)</span>
        </span>
        <input className="field" value={reason} maxLength={500} onChange={(event) => setReason(event.target.value)} />
      </label>
      {row.needs_token && (
        <label className="stack tight">
          <span>
            Its token <span className="muted">(it belongs to {row.owner}, who can print it)</span>
          </span>
          <input className="field mono" type="password" autoComplete="off" value={token} onChange={(event) => setToken(event.target.value)} />
        </label>
      )}
    </Confirm>
  );
}
