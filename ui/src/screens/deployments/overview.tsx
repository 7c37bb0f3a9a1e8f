/** What an alias names, what starts it, and what its runs are given. */

import type { DeploymentView, EventTrigger, ScheduleView, Triggers } from "@/api/schema";
import { Copy } from "@/parts/copy";
import { Prose } from "@/parts/prose";
import { Status } from "@/parts/status";
import { When } from "@/parts/when";
import { Link } from "@/router/link";
import { RunBars } from "@/screens/deployments/run_bars";
import { writeValue } from "@/screens/deployments/values";
import { cronText } from "@/words/cron";
import { durationText } from "@/words/duration";
import { plural, sizeText } from "@/words/numbers";

export function Overview({ view }: { view: DeploymentView }) {
  const { deployment } = view;
  return (
    <div className="deployment-grid">
      <section className="card">
        <header>
          <h2>What starts it</h2>
        </header>
        <div className="body stack tight">
          {view.schedules.map((schedule) => (
            <ScheduleLine key={schedule.name} view={schedule} />
          ))}
          {(deployment?.production.triggers ?? []).map((trigger, index) => (
            <p key={index}>{triggerText(trigger)}</p>
          ))}
          {view.schedules.length === 0 && !deployment?.production.triggers?.length && <p className="muted">People, with “Run now”</p>}
        </div>
      </section>
      <section className="card">
        <header>
          <h2>Last runs</h2>
          <Link className="push" to="?tab=runs">
            All runs
          </Link>
        </header>
        <div className="body stack">
          <RunBars runs={view.runs} />
          <Policy view={view} />
        </div>
      </section>
      {deployment && (
        <>
          <section className="card">
            <header>
              <h2>Parameters</h2>
            </header>
            <div className="body">
              {deployment.parameters.length === 0 && <p className="muted">It takes none</p>}
              <dl className="facts">
                {deployment.parameters.map((parameter) => (
                  <Fact key={parameter.name} name={parameter.name}>
                    <code>{writeValue(parameter.value) || "–"}</code>
                    {parameter.is_fixed && <span className="muted"> fixed at the deploy</span>}
                    {parameter.help && <span className="muted"> {parameter.help}</span>}
                  </Fact>
                ))}
              </dl>
            </div>
          </section>
          <section className="card">
            <header>
              <h2>Version {deployment.version.number}</h2>
              <span className="push muted">
                by {deployment.version.user} <When at={deployment.version.at} />
              </span>
            </header>
            <div className="body stack tight">
              {deployment.doc && <Prose text={deployment.doc} />}
              {deployment.version.note && <p className="muted">{deployment.version.note}</p>}
              <dl className="facts">
                <Fact name="Flow">{deployment.version.flow}</Fact>
                <Fact name="Steps">{deployment.steps.join(", ")}</Fact>
                <Fact name="Package">
                  {plural(deployment.version.package.files, "file")}, {sizeText(deployment.version.package.size_bytes)}, from{" "}
                  <code>{deployment.version.package.root}</code>{" "}
                  <Link className="underlined" to={`?tab=versions&version=${deployment.version.number}&part=files`}>
                    files
                  </Link>
                </Fact>
                <Fact name="Digest">
                  <span className="row">
                    <code className="cut">{deployment.version.digest}</code>
                    <Copy text={deployment.version.digest} label="Copy the digest" />
                  </span>
                </Fact>
                <Fact name="Environments">
                  {Object.keys(deployment.environments).join(", ") || "the interpreter that deployed it"}
                </Fact>
              </dl>
            </div>
          </section>
        </>
      )}
    </div>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

function ScheduleLine({ view: { name, schedule, stands, due, next_at, last_verdict, last_reason } }: { view: ScheduleView }) {
  return (
    <div className="stack tight">
      <p className="row wrap">
        <strong title={schedule.cron}>{cronText(schedule.cron)}</strong>
        {name !== schedule.cron && <span className="chip">{name}</span>}
        <span className="muted">{schedule.timezone}</span>
        {due ? <Status status="late" /> : stands === "fires" ? null : <Status status={stands} />}
      </p>
      <p className="muted">
        {next_at[0] ? (
          <>
            next <When at={next_at[0]} />
          </>
        ) : (
          "fires no more"
        )}
        {last_verdict && `; the last slot was ${last_verdict}${last_reason ? `: ${last_reason}` : ""}`}
      </p>
    </div>
  );
}

function Policy({ view }: { view: DeploymentView }) {
  const production = view.deployment?.production;
  if (!production) return <p className="muted">It names nothing yet</p>;
  const { overlap = "skip", pool = "default", retries = 0, timeout_seconds, no_output_seconds, max_parallel } = production.policy ?? {};
  return (
    <dl className="facts">
      <Fact name="While one runs">{OVERLAPS[overlap]}</Fact>
      {max_parallel && <Fact name="At once">at most {max_parallel}</Fact>}
      <Fact name="Pool">{pool}</Fact>
      {retries > 0 && <Fact name="Failed runs">are resumed {plural(retries, "time")}</Fact>}
      {timeout_seconds && <Fact name="Given up after">{durationText(timeout_seconds)}</Fact>}
      {no_output_seconds && <Fact name="Without output">given up after {durationText(no_output_seconds)}</Fact>}
      {production.approval && <Fact name="Moves need">a {production.approval.role ?? "deployer"}</Fact>}
      {(production.promote_if ?? []).length > 0 && <Fact name="Promoted if">{(production.promote_if ?? []).join(", ")}</Fact>}
    </dl>
  );
}

const OVERLAPS: Record<string, string> = {
  skip: "a new one is skipped, and recorded",
  queue: "a new one waits",
  cancel_previous: "it is cancelled for the new one",
  allow: "a new one runs beside it",
};

function triggerText({ events = [], flows = [] }: Triggers): string {
  const parts = [...events.map((event: EventTrigger) => `event ${event.name}`), ...flows.map((flow) => `${flow.flow} succeeds`)];
  return parts.length > 1 ? `when all of these came: ${parts.join(", ")}` : `when ${parts[0] ?? "nothing"}${events.length ? " is published" : ""}`;
}
