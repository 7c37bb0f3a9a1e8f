/** Everything that waits for somebody's answer: steps of runs at their gates, and aliases that are to name another version. */

import "./approvals.css";

import { useState } from "react";

import { answers } from "@/api/cache";
import { apiUrl, request } from "@/api/client";
import type { ApprovalRow, ApprovalsPage } from "@/api/schema";
import { useSmoothQuery } from "@/api/use_query";
import { Confirm } from "@/parts/dialog";
import { Empty } from "@/parts/empty";
import { ProblemNote } from "@/parts/problem";
import { type Order, SortChoice, useOrder } from "@/parts/sort_choice";
import { Spinner } from "@/parts/spinner";
import { StatusIcon } from "@/parts/status";
import { When } from "@/parts/when";
import { Link } from "@/router/link";
import { pathOf } from "@/router/match";
import { type Answer, answerUrl, roleText, whatItMeans } from "@/screens/approvals/words";
import { linkOfRun } from "@/screens/deployments/run_squares";

interface Asking {
  readonly row: ApprovalRow;
  readonly answer: Answer;
}

const ORDERS: readonly Order[] = [
  ["asked_at", "longest waiting first"],
  ["-asked_at", "latest first"],
  ["expires_at", "soonest expiring first"],
  ["target", "by deployment"],
  ["asked_by", "by who asks"],
];

export default function Approvals() {
  const [sort, setSort] = useOrder(ORDERS);
  const { data, problem } = useSmoothQuery<ApprovalsPage>(apiUrl("/approvals", { sort }));
  const [asking, ask] = useState<Asking | null>(null);
  if (problem && !data) return <ProblemNote problem={problem} />;
  if (!data) return <Spinner isPage />;
  return (
    <div className="stack">
      <div className="row wrap">
        <h1>Approvals</h1>
        {data.rows.length > 1 && (
          <span className="push">
            <SortChoice orders={ORDERS} sort={sort} onSort={setSort} />
          </span>
        )}
      </div>
      {data.rows.length === 0 ? (
        <Empty icon="check" title="Nothing waits for an answer">
          A step with <code>@approval</code> lets its run wait here until somebody agrees; a flow with it lets moves of its production wait.
        </Empty>
      ) : (
        <ul className="card approvals">
          {data.rows.map((row) => (
            <Waiting key={keyOf(row)} row={row} ask={(answer) => ask({ row, answer })} />
          ))}
        </ul>
      )}
      {(data.is_cut || data.cursor) && <p className="muted">There is more than is shown</p>}
      {asking && <Decide asking={asking} close={() => ask(null)} />}
    </div>
  );
}

function keyOf({ kind, target, run, step }: ApprovalRow): string {
  return [kind, target, run, step].join(" ");
}

function Waiting({ row, ask }: { row: ApprovalRow; ask: (answer: Answer) => void }) {
  return (
    <li>
      <StatusIcon status="waiting" />
      <div className="stack approval-what">
        <p>
          {row.kind === "step" && row.run ? (
            <>
              <Link to={linkOfRun(row.run)}>{row.run}</Link> waits at <strong>{row.step}</strong>
              {row.target && (
                <>
                  , a run of <Link to={pathOf("deployments", row.target)}>{row.target}</Link>
                </>
              )}
            </>
          ) : (
            <>
              <Link to={pathOf("deployments", row.target)}>{row.target}</Link> is to name <strong>version {row.number}</strong>
            </>
          )}
        </p>
        <p className="row wrap muted">
          <span>
            asked by {row.asked_by} <When at={row.asked_at} />
          </span>
          <span>takes {roleText(row)}</span>
          {row.expires_at !== null && (
            <span>
              counts as rejected <When at={row.expires_at} />
            </span>
          )}
        </p>
      </div>
      {row.may_decide && (
        <span className="row">
          <button type="button" className="button primary" onClick={() => ask("approve")}>
            Approve
          </button>
          <button type="button" className="button" onClick={() => ask("reject")}>
            Reject
          </button>
        </span>
      )}
    </li>
  );
}

function Decide({ asking: { row, answer }, close }: { asking: Asking; close: () => void }) {
  const [reason, setReason] = useState("");
  const verb = answer === "approve" ? "Approve" : "Reject";
  const act = async () => {
    await request("POST", answerUrl(row, answer), { body: { reason } });
    answers.invalidate((url) => /\/(approvals|deployments|home|runs)/.test(url));
  };
  return (
    <Confirm title={`${verb}: ${row.run ?? row.target}`} action={verb} act={act} close={close} isDangerous={answer === "reject"}>
      <p>{whatItMeans(row, answer)}</p>
      <label className="stack tight">
        <span>
          Why <span className="muted">(kept with the answer)</span>
        </span>
        <input className="field" value={reason} maxLength={500} onChange={(event) => setReason(event.target.value)} />
      </label>
    </Confirm>
  );
}
