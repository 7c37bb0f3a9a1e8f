/** One alert as it was told, and each try to deliver it. */

import "@/parts/plain.css";
import "./alerts.css";

import { apiUrl } from "@/api/client";
import type { AlertView } from "@/api/schema";
import { useQuery } from "@/api/use_query";
import { ProblemNote } from "@/parts/problem";
import { Spinner } from "@/parts/spinner";
import { Status } from "@/parts/status";
import { When } from "@/parts/when";
import { Link } from "@/router/link";
import { pathOf } from "@/router/match";
import { lookOfKind } from "@/screens/alerts/words";
import { plural } from "@/words/numbers";

export function AlertPage({ cause }: { cause: string }) {
  const { data, problem } = useQuery<AlertView>(apiUrl("/alert", { cause }));
  if (problem && !data) return <ProblemNote problem={problem} />;
  if (!data) return <Spinner isPage />;
  const { row } = data;
  return (
    <div className="stack">
      <header className="stack tight">
        <h1>{row.title}</h1>
        <p className="row wrap">
          <Status status={lookOfKind(row.kind)} label={row.kind} isPill />
          <Link to={pathOf("deployments", row.target)}>{row.target}</Link>
          {row.run && <RunLink path={row.run} />}
          <When at={row.at} className="muted" />
          {row.count > 1 && <span className="muted">{plural(row.count, "time")}</span>}
        </p>
      </header>
      <section className="card">
        <header>
          <h2>As it was told</h2>
        </header>
        <pre className="body alert-text">{data.text}</pre>
      </section>
      <section className="card">
        <header>
          <h2>Deliveries</h2>
        </header>
        <ul className="body stack tight">
          {data.deliveries.length === 0 && <li className="muted">There was no channel: it is kept here only</li>}
          {data.deliveries.map((delivery, index) => (
            <li key={index} className="row wrap">
              <Status status={delivery.is_delivered ? "succeeded" : "failed"} label={delivery.channel} />
              <When at={delivery.at} className="muted" />
              {delivery.message && <span>{delivery.message}</span>}
            </li>
          ))}
          {Object.entries(data.next_tries).map(([channel, at]) => (
            <li key={channel} className="row wrap">
              <Status status="queued" label={channel} />
              <span className="muted">is tried again</span>
              <When at={at} className="muted" />
            </li>
          ))}
        </ul>
      </section>
    </div>
  );
}

function RunLink({ path }: { path: string }) {
  const cut = path.lastIndexOf("/");
  return <Link to={pathOf("runs", path.slice(0, cut), path.slice(cut + 1))}>{path}</Link>;
}
