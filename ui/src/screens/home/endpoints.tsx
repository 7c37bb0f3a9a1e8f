/** What answers requests, and how well. */

import type { HomeView, ServiceRow } from "@/api/schema";
import { StatusIcon } from "@/parts/status";
import { Link } from "@/router/link";
import { pathOf } from "@/router/match";
import { durationText } from "@/words/duration";
import { countText, shareText } from "@/words/numbers";

export function Endpoints({ home }: { home: HomeView }) {
  return (
    <section className="card">
      <header>
        <h2>Endpoints</h2>
        <Link className="push" to="/endpoints">
          All
        </Link>
      </header>
      {home.services.length === 0 ? (
        <p className="home-none">
          Nothing is hosted yet. Write a <code>class Churn(ServiceSpec)</code>, then <code>headwater deploy</code> it.
        </p>
      ) : (
        <ul className="home-rows">
          {home.services.map((service) => (
            <li key={service.service} className="home-service">
              <StatusIcon status={service.stands} />
              <div className="home-why">
                <div className="row">
                  <Link className="home-name cut" to={pathOf("endpoints", service.service)}>
                    {service.service}
                  </Link>
                  <span className="faint">version {service.answering ?? service.number}</span>
                </div>
                <p className="muted cut" title={service.problem}>
                  {wordsFor(service)}
                </p>
              </div>
              {service.health && <Health health={service.health} />}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Health({ health }: { health: NonNullable<ServiceRow["health"]> }) {
  if (health.requests === 0) return <span className="faint">no requests</span>;
  const isBad = health.failed >= 0.01;
  return (
    <dl className="home-health number">
      <div>
        <dt>req/min</dt>
        <dd>{countText(Math.round((health.requests / health.seconds) * 60))}</dd>
      </div>
      <div className={isBad ? "bad" : undefined}>
        <dt>failed</dt>
        <dd>{shareText(health.failed)}</dd>
      </div>
      <div>
        <dt>p99</dt>
        <dd>{health.p99 === null ? "–" : durationText(health.p99)}</dd>
      </div>
    </dl>
  );
}

function wordsFor(service: ServiceRow): string {
  if (service.rollout) return `version ${service.rollout.number}: ${service.rollout.words}`;
  if (service.problem) return service.problem;
  if (service.stands === "no host") return "no host runs: headwater up starts one";
  return service.run ? `from ${service.run}` : service.stands;
}
