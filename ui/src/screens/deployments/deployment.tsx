/** One alias: what it names, when it fires, how its runs went, and what can be done to it. */

import "@/parts/plain.css";
import "./deployments.css";

import type { DeploymentView } from "@/api/schema";
import { useQuery } from "@/api/use_query";
import { ProblemNote } from "@/parts/problem";
import { Spinner } from "@/parts/spinner";
import { Status } from "@/parts/status";
import { Tabs } from "@/parts/tabs";
import { When } from "@/parts/when";
import { Link } from "@/router/link";
import { pathOf } from "@/router/match";
import { Actions } from "@/screens/deployments/actions";
import { Backfills } from "@/screens/deployments/backfills";
import { Firings } from "@/screens/deployments/firings";
import { History } from "@/screens/deployments/history";
import { Overview } from "@/screens/deployments/overview";
import { standingOf } from "@/screens/deployments/run_squares";
import { RunsOf } from "@/screens/deployments/runs_of";
import { ShadowComparison } from "@/screens/deployments/shadow";
import { Simulation } from "@/screens/deployments/simulation";
import { aliasUrl } from "@/screens/deployments/urls";
import { Versions } from "@/screens/deployments/versions";

export function DeploymentPage({ target }: { target: string }) {
  const { data, problem } = useQuery<DeploymentView>(aliasUrl(target));
  if (problem && !data) return <ProblemNote problem={problem} />;
  if (!data) return <Spinner isPage />;
  return (
    <div className="stack">
      <Head view={data} />
      <Pending view={data} />
      {!data.has_daemon && (
        <p className="note" role="status">
          No daemon runs on this store, so nothing fires: <code>headwater up</code>
        </p>
      )}
      <Tabs
        label="Parts of the deployment"
        tabs={[
          { id: "overview", name: "Overview", content: () => <Overview view={data} /> },
          { id: "runs", name: "Runs", content: () => <RunsOf target={target} /> },
          { id: "firings", name: "Firings", content: () => <Firings target={target} schedules={data.schedules} /> },
          { id: "backfills", name: "Backfills", content: () => <Backfills alias={data.alias} /> },
          ...(data.alias.shadow_of || data.shadows.length > 0
            ? [{ id: "shadow", name: "Shadow", content: () => <ShadowComparison view={data} /> }]
            : []),
          { id: "versions", name: "Versions", content: () => <Versions alias={data.alias} /> },
          { id: "simulate", name: "Simulate", content: () => <Simulation target={target} /> },
          { id: "history", name: "History", content: () => <History target={target} /> },
        ]}
      />
    </div>
  );
}

const CHANGES: Readonly<Record<string, string>> = {
  deploy: "deployed",
  pause: "paused",
  unpause: "unpaused",
  promote: "promoted",
  rollback: "rolled back",
  approve: "approved",
  reject: "rejected",
};

function Head({ view }: { view: DeploymentView }) {
  const { alias } = view;
  return (
    <header className="row wrap">
      <div className="stack tight">
        <h1>{alias.target}</h1>
        <p className="row wrap muted">
          <Status {...standingOf(alias.stands, view.runs)} isPill />
          {alias.number !== null && <span>version {alias.number}</span>}
          <span>owned by {alias.owner}</span>
          <span>
            {CHANGES[alias.change] ?? alias.change} by {alias.changed_by} <When at={alias.changed_at} />
          </span>
          {alias.shadow_of && (
            <span>
              shadow of <Link to={pathOf("deployments", alias.shadow_of)}>{alias.shadow_of}</Link>
            </span>
          )}
          {view.shadows.map((shadow) => (
            <Link key={shadow} to={pathOf("deployments", shadow)}>
              its shadow {shadow}
            </Link>
          ))}
        </p>
        {alias.reason && alias.reason !== view.deployment?.version.note && <p className="muted">{alias.reason}</p>}
      </div>
      <div className="push">
        <Actions view={view} />
      </div>
    </header>
  );
}

function Pending({ view: { alias } }: { view: DeploymentView }) {
  const { pending } = alias;
  if (!pending) return null;
  return (
    <div className="note row wrap" role="status">
      <Status status={pending.is_expired ? "expired" : "waiting"} label={`Version ${pending.number} waits for a ${pending.approval.role ?? "deployer"}`} />
      <span className="muted">
        asked by {pending.asked_by} <When at={pending.asked_at} />
      </span>
      {pending.expires_at && (
        <span className="muted">
          expires <When at={pending.expires_at} />
        </span>
      )}
    </div>
  );
}
