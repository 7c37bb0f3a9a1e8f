/** One service: what answers, how it does, how new versions take over, and a form to try it. */

import "@/parts/plain.css";
import "./endpoints.css";

import type { ReactNode } from "react";

import type { DriftView, RolloutMark, ServiceRow, ServiceView } from "@/api/schema";
import { type Page, useQuery } from "@/api/use_query";
import { Copy } from "@/parts/copy";
import { ProblemNote } from "@/parts/problem";
import { Spinner } from "@/parts/spinner";
import { Status } from "@/parts/status";
import { Tabs } from "@/parts/tabs";
import { When } from "@/parts/when";
import { Link } from "@/router/link";
import { linkOfRun } from "@/screens/deployments/run_squares";
import { ServiceActions } from "@/screens/endpoints/actions";
import { Attention } from "@/screens/endpoints/attention";
import { colourOf } from "@/screens/endpoints/curves";
import { Drift } from "@/screens/endpoints/drift";
import { driftingColumns } from "@/screens/endpoints/drifting";
import { ServiceHistory } from "@/screens/endpoints/history";
import { Predictions } from "@/screens/endpoints/predictions";
import { RolloutsOf } from "@/screens/endpoints/rollouts";
import { TrafficOf } from "@/screens/endpoints/traffic";
import { TryIt } from "@/screens/endpoints/try_it";
import { usePulse } from "@/screens/endpoints/use_pulse";
import { VersionsOf } from "@/screens/endpoints/versions";
import { isBadly, lookOfService, rateText, serviceUrl, sharesOf, standsText } from "@/screens/endpoints/words";
import { durationText } from "@/words/duration";
import { shareText } from "@/words/numbers";

export function ServicePage({ service }: { service: string }) {
  const url = serviceUrl(service);
  const { data, problem } = useQuery<ServiceView>(url);
  const drift = useQuery<DriftView>(serviceUrl(service, "/drift")).data;
  const rollouts = useQuery<Page<RolloutMark>>(serviceUrl(service, "/rollouts")).data;
  usePulse(url, data !== undefined);
  if (problem && !data) return <ProblemNote problem={problem} />;
  if (!data) return <Spinner isPage />;
  return (
    <div className="stack">
      <Head view={data} refused={rollouts?.rows.find(({ number, state }) => number === data.newest && state === "rolled_back")} />
      <Attention view={data} drift={drift} latest={rollouts?.rows[0]} />
      <Lately row={data.row} />
      <Tabs
        label="Parts of the service"
        tabs={[
          { id: "traffic", name: "Traffic", content: () => <TrafficOf view={data} /> },
          { id: "try", name: "Try it", content: () => <TryIt view={data} /> },
          { id: "versions", name: "Versions", content: () => <VersionsOf view={data} /> },
          { id: "rollouts", name: "Rollouts", content: () => <RolloutsOf service={service} /> },
          { id: "drift", name: "Drift", count: driftingColumns(drift).length || undefined, content: () => <Drift service={service} /> },
          { id: "predictions", name: "Predictions", content: () => <Predictions view={data} /> },
          { id: "history", name: "History", content: () => <ServiceHistory service={service} /> },
        ]}
      />
    </div>
  );
}

function Head({ view, refused }: { view: ServiceView; refused: RolloutMark | undefined }) {
  const { row } = view;
  return (
    <header className="row wrap">
      <div className="stack tight">
        <h1>{row.service}</h1>
        <p className="row wrap muted">
          <Status status={lookOfService(row)} label={standsText(row)} isPill />
          <span>
            version {row.answering ?? row.number}
            {row.answering !== null && row.answering !== row.number && `, not yet ${row.number}`}
          </span>
          {row.run && (
            <span>
              from <Link to={linkOfRun(row.run)}>{row.run}</Link>
            </span>
          )}
          <span>
            deployed by {row.deployed_by} <When at={row.deployed_at} />
          </span>
          {row.workers > 0 && <span>{row.workers} workers</span>}
          {row.warm !== null && <span>version {row.warm} stands by</span>}
        </p>
        {row.url && (
          <p className="row">
            <code className="cut">{row.url}</code>
            <Copy text={row.url} label="Copy the address" />
          </p>
        )}
        {view.doc && <p className="muted">{view.doc}</p>}
      </div>
      <div className="push">
        <ServiceActions view={view} refused={refused} />
      </div>
    </header>
  );
}

/** How it did in the last five minutes, and whose answers callers got. */
function Lately({ row }: { row: ServiceRow }) {
  const { health } = row;
  const shares = sharesOf(row);
  return (
    <dl className="tiles" aria-label="The last five minutes">
      <Tile name="Failed" isBad={isBadly(health)}>
        {textOf(health?.failed, shareText)}
      </Tile>
      <Tile name="Slowest hundredth (p99)">{textOf(health?.p99, durationText)}</Tile>
      <Tile name="Middle (p50)">{textOf(health?.p50, durationText)}</Tile>
      <Tile name="Requests a minute">{health ? rateText(health) : "none lately"}</Tile>
      <Tile name="Refused">{textOf(health?.refused, shareText)}</Tile>
      <div className="shares">
        <dt>Who answers</dt>
        <dd>
          <span className="share-bar" aria-hidden>
            {shares.map(({ version, share }) => (
              <span key={version} className={`series-${colourOf(version)}`} style={{ flexGrow: share }} />
            ))}
          </span>
          <span className="muted">
            {shares.map(({ version, share }) => `version ${version} ${shareText(share)}`).join(", ")}
            {row.rollout?.state === "shadow" && `, version ${row.rollout.number} unheard`}
          </span>
        </dd>
      </div>
    </dl>
  );
}

function Tile({ name, children, isBad = false }: { name: string; children: ReactNode; isBad?: boolean }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd className={isBad ? "number bad-text" : "number"}>{children}</dd>
    </div>
  );
}

function textOf(value: number | null | undefined, write: (value: number) => string): string {
  return value === null || value === undefined ? "–" : write(value);
}
