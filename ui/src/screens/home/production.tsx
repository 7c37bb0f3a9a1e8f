/** What waits for people, what is late, and what will start by itself. */

import type { ApprovalRow, HomeView, LateRow } from "@/api/schema";
import { Command } from "@/parts/copy";
import { Icon, type IconName } from "@/parts/icon";
import { StatusIcon } from "@/parts/status";
import { When } from "@/parts/when";
import { Link } from "@/router/link";
import { pathOf } from "@/router/match";

const LATE_ICONS: Readonly<Record<LateRow["kind"], IconName>> = {
  deadline: "alerts",
  due: "schedules",
  missed: "schedules",
  queued: "clock",
};

/** Approvals and what is late; nothing at all when nothing does. */
export function NeedsPeople({ home }: { home: HomeView }) {
  const isStill = !home.roles.scheduler && home.next.length > 0;
  if (home.approvals.length === 0 && home.late.length === 0 && !isStill) return null;
  return (
    <section className="card">
      <header>
        <h2>Needs you</h2>
        {home.approvals.length > 0 && (
          <Link className="push" to="/approvals">
            All approvals
          </Link>
        )}
      </header>
      <ul className="home-rows">
        {isStill && (
          <li className="home-need">
            <StatusIcon status="stopped" />
            <div className="stack tight">
              <p>Nothing fires schedules and triggers: no daemon runs for this store</p>
              <Command text="headwater up" />
            </div>
          </li>
        )}
        {home.approvals.map((approval) => (
          <Approval key={`${approval.kind}${approval.target}${approval.run}${approval.step}`} approval={approval} />
        ))}
        {home.late.map((late) => (
          <li key={`${late.kind}${late.target}${late.at}`} className="home-need">
            <span className="home-late">
              <Icon name={LATE_ICONS[late.kind]} size={14} />
            </span>
            <div>
              {late.target && <Link to={pathOf("deployments", late.target)}>{late.target}</Link>}
              <p className="muted">{late.run ? <Link to={`/runs/${late.run}`}>{late.text}</Link> : late.text}</p>
            </div>
            <When at={late.at} className="muted" />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Approval({ approval }: { approval: ApprovalRow }) {
  const { kind, target, run, step, number } = approval;
  const to = kind === "step" && run ? `/runs/${run}` : pathOf("deployments", target);
  return (
    <li className="home-need">
      <StatusIcon status="waiting" />
      <div>
        <Link to={to}>{kind === "step" ? `${run} at ${step}` : `${target} to deployment ${number}`}</Link>
        <p className="muted">
          waits for {/^[aeiou]/.test(approval.role) ? "an" : "a"} {approval.role}
          {approval.expires_at !== null && (
            <>
              , until <When at={approval.expires_at} />
            </>
          )}
        </p>
      </div>
      <When at={approval.asked_at} className="muted" />
    </li>
  );
}

export function NextFirings({ home }: { home: HomeView }) {
  return (
    <section className="card">
      <header>
        <h2>Next</h2>
        <Link className="push" to="/schedules">
          Schedules
        </Link>
      </header>
      {home.next.length === 0 ? (
        <p className="home-none">
          Nothing is scheduled yet. Put <code>@schedule(daily=True)</code> above a flow, then <code>headwater deploy</code> it.
        </p>
      ) : (
        <ul className="home-rows">
          {home.next.map((next) => (
            <li key={`${next.target}${next.schedule}${next.at}`} className="home-next">
              <Link className="cut" to={pathOf("deployments", next.target)}>
                {next.target}
              </Link>
              <span className="faint cut" title={`${next.cron}, ${next.timezone}`}>
                {next.schedule || next.cron}
              </span>
              <When at={next.at} className="muted" />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
