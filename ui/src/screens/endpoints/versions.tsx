/** The versions of a service, with their audits. */

import { useState } from "react";

import type { ServiceVersionRow, ServiceView } from "@/api/schema";
import { useEndless } from "@/api/use_query";
import { ProblemNote } from "@/parts/problem";
import { Spinner } from "@/parts/spinner";
import { Status } from "@/parts/status";
import { When } from "@/parts/when";
import { Link } from "@/router/link";
import { linkOfRun } from "@/screens/deployments/run_squares";
import { ServiceChange } from "@/screens/endpoints/actions";
import { LOOKS } from "@/screens/endpoints/plan";
import { serviceUrl } from "@/screens/endpoints/words";
import { plural, sizeText } from "@/words/numbers";

export function VersionsOf({ view }: { view: ServiceView }) {
  const [chosen, setChosen] = useState<number | null>(null);
  const { row } = view;
  const versions = useEndless<ServiceVersionRow>(serviceUrl(row.service, "/versions"), (each) => String(each.number));
  if (versions.problem && versions.rows.length === 0) return <ProblemNote problem={versions.problem} />;
  if (versions.isLoading) return <Spinner />;
  return (
    <div className="stack tight">
      {versions.rows.map((version) => (
        <section key={version.number} className="card">
          <header>
            <h2>Version {version.number}</h2>
            {version.is_live && <Status status="live" isPill />}
            {version.number === row.rollout?.number && <Status status={LOOKS[row.rollout.state] ?? row.rollout.state} label={row.rollout.words} isPill />}
            {version.number === row.warm && <span className="chip">stands by</span>}
            <span className="muted">
              by {version.user} <When at={version.at} />
            </span>
            {!version.is_live && row.may_change && (
              <button type="button" className="button small push" onClick={() => setChosen(version.number)}>
                {version.number > row.number ? "Promote" : "Roll back to it"}
              </button>
            )}
          </header>
          <div className="body stack tight">
            {version.note && <p>{version.note}</p>}
            <p className="row wrap muted">
              {version.run && <Link to={linkOfRun(version.run)}>{version.run}</Link>}
              <span>
                {plural(version.files, "file")}, {sizeText(version.size_bytes)}
              </span>
            </p>
            <ul className="row wrap">
              {version.audits.map((audit) => (
                <li key={audit.name}>
                  <Status status={audit.is_passed ? "passed" : "failed"} label={audit.message ? `${audit.name}: ${audit.message}` : audit.name} />
                </li>
              ))}
            </ul>
          </div>
        </section>
      ))}
      {versions.hasMore && (
        <button type="button" className="button" onClick={versions.loadMore}>
          Earlier versions
        </button>
      )}
      {chosen !== null && (
        <ServiceChange row={row} deed={chosen > row.number ? "promote" : "rollback"} number={chosen} close={() => setChosen(null)} />
      )}
    </div>
  );
}
