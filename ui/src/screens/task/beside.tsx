/** The way to the tasks of the same step before and after one. */

import { useEffect } from "react";

import { answers } from "@/api/cache";
import type { Neighbour, TasksBeside } from "@/api/schema";
import { useQuery } from "@/api/use_query";
import { Icon } from "@/parts/icon";
import { Link } from "@/router/link";
import { navigate, useAddress, withQuery } from "@/router/location";
import { useKeys } from "@/shell/keys";

import { pageOf } from "../run/use_run";

/** `url` = the task's own; `status` = the run's, which tells when there are more tasks. */
export function Beside({ url, status }: { url: string; status: string | undefined }) {
  const { data } = useQuery<TasksBeside>(`${url}/beside`);
  useEffect(() => answers.invalidate((each) => each === `${url}/beside`), [status, url]);
  const { query } = useAddress();
  // The same view of the other task; which of its attempts is meant is another matter.
  const to = (task: Neighbour | null | undefined) => task && withQuery(pageOf(task.path), query, { attempt: null });
  const previous = to(data?.previous);
  const next = to(data?.next);
  useKeys([
    { keys: "p", name: "Previous task of the step", act: () => previous && navigate(previous) },
    { keys: "n", name: "Next task of the step", act: () => next && navigate(next) },
  ]);
  if (!previous && !next) return null;
  return (
    <span className="row" role="group" aria-label="Other tasks of the step">
      <Way to={previous} name="Previous task" keys="p" icon="left" label={data?.previous?.label} />
      <Way to={next} name="Next task" keys="n" icon="right" label={data?.next?.label} />
    </span>
  );
}

function Way({ to, name, keys, icon, label }: { to: string | null | undefined; name: string; keys: string; icon: "left" | "right"; label: number | undefined }) {
  if (!to) {
    return (
      <button type="button" className="button icon small" disabled aria-label={name}>
        <Icon name={icon} size={14} />
      </button>
    );
  }
  return (
    <Link className="button icon small" to={to} aria-label={`${name}, ${label}`} title={`${name}, ${label} (${keys})`}>
      <Icon name={icon} size={14} />
    </Link>
  );
}
