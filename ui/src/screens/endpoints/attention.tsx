/** What somebody who looks after a service should know first: that nobody answers, what takes over, what went back, what differs. */

import type { ReactNode } from "react";

import type { DriftView, RolloutMark, RolloutView, ServiceView } from "@/api/schema";
import { useQuery } from "@/api/use_query";
import { Command } from "@/parts/copy";
import { Status } from "@/parts/status";
import { useMinute, When } from "@/parts/when";
import { Link } from "@/router/link";
import { driftingColumns } from "@/screens/endpoints/drifting";
import { LOOKS, stepOf } from "@/screens/endpoints/plan";
import { isBadly, serviceUrl } from "@/screens/endpoints/words";
import { countText, shareText } from "@/words/numbers";

/** Seconds for which what ended is still news. */
const NEWS = 86400;

export function Attention({ view, drift, latest }: { view: ServiceView; drift: DriftView | undefined; latest: RolloutMark | undefined }) {
  const { row } = view;
  const minute = useMinute();
  const columns = driftingColumns(drift);
  return (
    <>
      <Standing view={view} />
      {row.health && isBadly(row.health) && (
        <Note status="failed" label={`${shareText(row.health.failed)} of the answers fail`} link="predictions&failed=yes" more="Which ones" isCounting>
          in the last five minutes; what was raised: <Command text={`headwater service logs ${row.service}`} />
        </Note>
      )}
      {row.rollout && <UnderWay service={row.service} mark={row.rollout} />}
      {!row.rollout && latest && minute - latest.since < NEWS && <Ended mark={latest} />}
      {columns.length > 0 && (
        <Note status="degraded" label={`${columns.length === 1 ? "A column differs" : `${columns.length} columns differ`}`} link="drift" more="How they differ">
          What is asked is not what version {drift?.version} learned from:{" "}
          {columns
            .slice(0, 6)
            .map(({ name }) => name)
            .join(", ")}
          {columns.length > 6 && ` and ${columns.length - 6} more`}
        </Note>
      )}
    </>
  );
}

function Standing({ view: { row } }: { view: ServiceView }) {
  if (row.stands === "no host") {
    return (
      <Note status="no host" label="Nobody answers">
        No host runs on this store, callers are not answered: <Command text="headwater up" />
      </Note>
    );
  }
  if (row.stands === "failed") {
    return (
      <Note status="failed" label="Nobody answers">
        Version {row.number} could not be loaded{row.problem && `: ${row.problem}`} <Command text={`headwater service logs ${row.service}`} />
      </Note>
    );
  }
  if (row.stands === "old") {
    return (
      <Note status="degraded" label={`Version ${row.answering ?? "–"} still answers`}>
        Version {row.number} should, and does not{row.problem && `: ${row.problem}`} <Command text={`headwater service logs ${row.service}`} />
      </Note>
    );
  }
  if (row.stands === "paused") {
    return (
      <Note status="paused" label="Callers are turned away">
        It is paused{row.reason && `: ${row.reason}`}
      </Note>
    );
  }
  return null;
}

/** What takes over, how far that is, and what the numbers say. */
function UnderWay({ service, mark }: { service: string; mark: RolloutMark }) {
  const { data } = useQuery<RolloutView>(serviceUrl(service, `/rollouts/${mark.number}`));
  const step = data && stepOf(data);
  return (
    <Note status={LOOKS[mark.state] ?? mark.state} label={`Version ${mark.number}: ${mark.words}`} link={`rollouts&rollout=${mark.number}`} more="What was counted" isCounting>
      <When at={mark.since} className="muted" />
      {step && step.needed > 0 && (
        <span>
          {countText(step.counted)} of {countText(step.needed)} requests that this takes
        </span>
      )}
      {mark.state === "held" && <span>{mark.reason}</span>}
    </Note>
  );
}

/** That a version went back, or took over, a short while ago. */
function Ended({ mark }: { mark: RolloutMark }) {
  const label = mark.state === "rolled_back" ? `Version ${mark.number} was rolled back` : mark.state === "promoted" ? `Version ${mark.number} took over` : `Version ${mark.number}: ${mark.words}`;
  return (
    <Note status={LOOKS[mark.state] ?? mark.state} label={label} link={`rollouts&rollout=${mark.number}`} more="What was counted">
      <When at={mark.since} className="muted" />
      <span>{mark.reason}</span>
    </Note>
  );
}

function Note({
  status,
  label,
  link,
  more,
  isCounting = false,
  children,
}: {
  status: string;
  label: string;
  /** Tab that says more. */
  link?: string;
  more?: string;
  /** Its numbers change all the time: nobody wants each read aloud. */
  isCounting?: boolean;
  children: ReactNode;
}) {
  return (
    <div className="note row wrap attention" role={isCounting ? "note" : "status"}>
      <Status status={status} label={label} />
      {children}
      {link && (
        <Link className="push" to={`?tab=${link}`}>
          {more}
        </Link>
      )}
    </div>
  );
}
