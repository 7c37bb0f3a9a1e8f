/** Why a run does not go on by itself, and what makes it. */

import { Command } from "@/parts/copy";
import { StatusIcon, toneOf } from "@/parts/status";
import { When } from "@/parts/when";

import type { RunView } from "./shapes";

export function StandingNote({ run }: { run: RunView }) {
  const resume = run.commands?.["resume"];
  if (run.status === "waiting") {
    const steps = run.gates ?? [];
    return (
      <Note status="waiting">
        <p>
          <span className="strong">{steps.join(", ")}</span> {steps.length === 1 ? "waits" : "wait"} for somebody's
          approval
          {run.gate_expires_at ? (
            <>
              ; without an answer <When at={run.gate_expires_at} /> it counts as rejected
            </>
          ) : null}
        </p>
      </Note>
    );
  }
  if (run.status === "interrupted") {
    return (
      <Note status="interrupted">
        <p>The process that drove it is gone: killed, or its machine went down. What has succeeded is kept.</p>
        {resume && <Command text={resume} />}
      </Note>
    );
  }
  if (run.status === "queued") {
    return (
      <Note status="queued">
        <p>
          It begins when its pool has room and the daemon runs: <code>headwater up</code>
        </p>
      </Note>
    );
  }
  return null;
}

function Note({ status, children }: { status: string; children: React.ReactNode }) {
  return (
    <section className={`standing-note ${toneOf(status)}`} aria-label="How it stands">
      <StatusIcon status={status} isSilent size={16} />
      {children}
    </section>
  );
}
