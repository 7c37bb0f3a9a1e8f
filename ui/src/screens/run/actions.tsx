/** What may be done about a run: stop it, answer its gate, go on with it, compare it. */

import { useState } from "react";

import { answers } from "@/api/cache";
import { request } from "@/api/client";
import type { GateDecision } from "@/api/schema";
import { may, useMe } from "@/api/session";
import { Command } from "@/parts/copy";
import { Confirm, Dialog } from "@/parts/dialog";
import { Icon } from "@/parts/icon";
import { Menu, MenuItem } from "@/parts/menu";
import { navigate } from "@/router/location";

import type { RunView } from "./shapes";
import { runUrl } from "./use_run";

type Asking = "cancel" | "resume" | "approve" | "reject" | null;

export function Actions({ run }: { run: RunView }) {
  const [asking, ask] = useState<Asking>(null);
  const [decided, setDecided] = useState<GateDecision | null>(null);
  const me = useMe();
  const close = () => ask(null);
  const canCancel = run.commands?.["cancel"] !== undefined && may(me, "runner", run.project ?? "");
  const isAtGate = run.status === "waiting" && (run.gates?.length ?? 0) > 0;
  const canResume = run.commands?.["resume"] !== undefined && may(me, "runner", run.project ?? "");
  const canDecide = isAtGate && may(me, "deployer", run.project ?? "");
  return (
    <>
      {canDecide && (
        <>
          <button type="button" className="button primary" onClick={() => ask("approve")}>
            <Icon name="check" size={14} /> Approve
          </button>
          <button type="button" className="button" onClick={() => ask("reject")}>
            Reject
          </button>
        </>
      )}
      {canCancel && (
        <button type="button" className="button" onClick={() => ask("cancel")}>
          <Icon name="stop" size={14} /> Cancel
        </button>
      )}
      {canResume && (
        <button type="button" className="button" onClick={() => ask("resume")}>
          <Icon name="redo" size={14} /> Resume
        </button>
      )}
      <Menu label="More about this run" button={<Icon name="more" />}>
        {(shut) => (
          <>
            {run.origin && (
              <MenuItem act={() => (shut(), navigate(compareUrl([run.origin ?? "", run.path])))}>
                <Icon name="compare" size={14} /> Compare with {run.origin}
              </MenuItem>
            )}
            {run.label > 1 && (
              <MenuItem act={() => (shut(), navigate(compareUrl([`${run.flow}/${run.label - 1}`, run.path])))}>
                <Icon name="compare" size={14} /> Compare with {run.flow}/{run.label - 1}
              </MenuItem>
            )}
            <MenuItem act={() => (shut(), window.location.assign(runUrl(run.flow, run.label, "/export")))}>
              <Icon name="download" size={14} /> Save as one HTML file
            </MenuItem>
            <MenuItem act={() => (shut(), navigate(`/runs?flow=${encodeURIComponent(run.flow)}`))}>
              <Icon name="runs" size={14} /> All runs of {run.flow}
            </MenuItem>
          </>
        )}
      </Menu>
      {asking === "cancel" && (
        <Confirm
          title={`Cancel ${run.path}?`}
          action="Cancel the run"
          isDangerous
          close={close}
          act={() => change("POST", run, "/cancel", {})}
        >
          <p>
            Tasks that run are stopped; what has succeeded is kept, and `headwater resume {run.path}` goes on from
            there.
          </p>
        </Confirm>
      )}
      {(asking === "approve" || asking === "reject") && (
        <Decide run={run} isApproval={asking === "approve"} close={close} told={setDecided} />
      )}
      {decided && <Decided decision={decided} run={run} close={() => setDecided(null)} />}
      {asking === "resume" && (
        <Dialog title={`Resume ${run.path}`} close={close}>
          <div className="stack tight">
            <p>Tasks that have succeeded are not run again. {run.launch ? "On the machine of the store:" : "Where the code lies:"}</p>
            <Command text={run.commands?.["resume"] ?? `headwater resume ${run.path}`} />
            <p className="muted">
              {!run.launch && `The folder was ${run.code.root}, on ${run.host}. `}A changed step runs again, with all that follow it, when it
              is named at the end.
            </p>
          </div>
        </Dialog>
      )}
    </>
  );
}

function Decide({
  run,
  isApproval,
  close,
  told,
}: {
  run: RunView;
  isApproval: boolean;
  close: () => void;
  /** What came of it, when nobody goes on with the run by themselves. */
  told: (decision: GateDecision) => void;
}) {
  const [reason, setReason] = useState("");
  const step = run.gates?.[0] ?? "";
  return (
    <Confirm
      title={isApproval ? `Let ${run.path} go on?` : `Reject ${run.path}?`}
      action={isApproval ? `Approve ${step}` : `Reject ${step}`}
      isDangerous={!isApproval}
      close={close}
      act={async () => {
        const verdict = isApproval ? "approve" : "reject";
        const decision = await change<GateDecision>("POST", run, `/gates/${encodeURIComponent(step)}/${verdict}`, {
          reason,
        });
        if (!decision.is_driven) told(decision);
      }}
    >
      <p>
        Step <strong>{step}</strong> waits for an answer. {isApproval ? "It starts at once." : "The run fails there."}
      </p>
      <label className="stack tight">
        <span>Why (kept with the run)</span>
        <input className="field" value={reason} onChange={(event) => setReason(event.target.value)} />
      </label>
    </Confirm>
  );
}

function Decided({ decision, run, close }: { decision: GateDecision; run: RunView; close: () => void }) {
  return (
    <Dialog title={`${decision.step} was ${decision.verdict}`} close={close}>
      <div className="stack tight">
        <p>The answer is kept. Nobody drives this run now: it goes on with</p>
        <Command text={`headwater resume ${run.path}`} />
        <p className="muted">
          or by itself as soon as <code>headwater up</code> runs here.
        </p>
      </div>
    </Dialog>
  );
}

/** Ask the API to change something about a run, and show what came of it. */
export async function change<Answer>(
  method: "POST" | "PUT",
  run: RunView,
  rest: string,
  body: unknown,
): Promise<Answer> {
  const answer = await request<Answer>(method, runUrl(run.flow, run.label, rest), { body });
  answers.invalidate((url) => url.startsWith(runUrl(run.flow, run.label)));
  return answer;
}

/** The address that compares runs. */
export function compareUrl(paths: readonly string[]): string {
  return `/compare?${paths.map((path) => `run=${encodeURIComponent(path)}`).join("&")}`;
}
