/** What is not as it was when the flow last succeeded: the first question of whoever looks at a failure. */

import { useState } from "react";

import { apiUrl } from "@/api/client";
import { useQuery } from "@/api/use_query";
import { When } from "@/parts/when";
import { Link } from "@/router/link";
import { plural } from "@/words/numbers";

import { compareUrl } from "./actions";
import type { RunView, SinceGood } from "./shapes";
import { pageOf } from "./use_run";

/** Changes that are shown before somebody asks for the rest. */
const FIRST = 5;

export function SinceGoodRun({ run }: { run: RunView }) {
  const { data } = useQuery<SinceGood>(apiUrl(`/runs/${run.flow}/${run.label}/since-good`));
  const [isOpen, setOpen] = useState(false);
  if (!data?.good) return null;
  const changes = data.changes ?? [];
  const listed = isOpen ? changes : changes.slice(0, FIRST);
  const hidden = changes.length - listed.length;
  const beyond = (data.count ?? 0) - changes.length;
  return (
    <section className="since-good" aria-label="What changed since the last good run">
      <p>
        <span className="strong">{changes.length === 0 ? "Nothing that is recorded changed" : "Changed"}</span> since{" "}
        <Link to={pageOf(data.good)}>{data.good}</Link>, the last that succeeded
        {data.good_finished_at && (
          <>
            {" "}
            (<When at={data.good_finished_at} />)
          </>
        )}
        {data.failed_since ? `; ${plural(data.failed_since, "run")} failed in between` : ""}
        {changes.length === 0 && ": the same code, parameters, packages, inputs and data files"}
      </p>
      {listed.length > 0 && (
        <dl>
          {listed.map((change, place) => (
            <div key={place}>
              <dt>{change.kind}</dt>
              <dd className="mono">{change.text}</dd>
            </div>
          ))}
        </dl>
      )}
      <p className="row wrap">
        {hidden > 0 && (
          <button type="button" className="button small plain" onClick={() => setOpen(true)}>
            {hidden} more
          </button>
        )}
        {isOpen && beyond > 0 && <span className="muted">{beyond} more are in the comparison</span>}
        <Link to={compareUrl([data.good, run.path])}>Compare the two</Link>
      </p>
      {data.unknown && <p className="muted">Not all could be compared: {data.unknown}</p>}
      {data.is_cut && <p className="muted">Only the first tasks of each were compared.</p>}
    </section>
  );
}
