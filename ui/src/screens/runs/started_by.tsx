/** Who or what started a run: a person, a schedule, an event, another run. */

import "./started_by.css";

import type { RunSummary } from "@/api/shapes";
import { Icon, type IconName } from "@/parts/icon";

const ICONS: Readonly<Record<string, IconName>> = {
  schedule: "schedules",
  event: "events",
  finish: "branch",
  backfill: "redo",
  retry: "redo",
  shadow: "copy",
  person: "user",
};

export function StartedBy({ run, hasUser = false }: { run: RunSummary; hasUser?: boolean }) {
  const { launch, origin } = run;
  if (!launch) {
    return (
      <span className="row muted started-by">
        <Icon name={origin ? "redo" : "user"} size={14} />
        <span className="cut">{origin ? `resumes ${origin}` : hasUser ? run.user : "by hand"}</span>
      </span>
    );
  }
  const { kind, source } = launch.trigger;
  return (
    <span className="row started-by" title={[kind, source, launch.target].filter(Boolean).join(", ")}>
      <Icon name={ICONS[kind] ?? "deployments"} size={14} />
      <span className="cut">{aliasOf(launch.target, run.flow)}</span>
    </span>
  );
}

/** `@production` of `fraud.Churn@production`, as the flow is named beside it; the whole when it is another flow's. */
export function aliasOf(target: string, flow: string): string {
  const [name = "", alias = ""] = target.split("@");
  return alias && (name === flow || name.endsWith(`.${flow}`)) ? `@${alias}` : target;
}
