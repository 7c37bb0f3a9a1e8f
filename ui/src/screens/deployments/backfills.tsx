/** Backfills of an alias: how far each has come, and starting one after its preview. */

import { useState } from "react";

import { answers } from "@/api/cache";
import { type Problem, apiUrl, request } from "@/api/client";
import { problemOfError } from "@/api/problem";
import type { AliasView, BackfillPreview, BackfillRow } from "@/api/schema";
import { useEndless } from "@/api/use_query";
import { Confirm, Dialog } from "@/parts/dialog";
import { ProblemNote } from "@/parts/problem";
import { type Order, SortChoice, useOrder } from "@/parts/sort_choice";
import { Spinner } from "@/parts/spinner";
import { Status } from "@/parts/status";
import { When } from "@/parts/when";
import { TokenField } from "@/screens/deployments/actions";
import { aliasUrl } from "@/screens/deployments/urls";
import { cronText } from "@/words/cron";
import { durationText } from "@/words/duration";
import { plural } from "@/words/numbers";
import { clockTime, dateText } from "@/words/time";

const ORDERS: readonly Order[] = [
  ["-at", "newest first"],
  ["at", "oldest first"],
  ["-since", "latest slots first"],
  ["since", "earliest slots first"],
  ["-total", "most slots first"],
  ["user", "by who started it"],
];

export function Backfills({ alias }: { alias: AliasView }) {
  const [isStarting, setStarting] = useState(false);
  const [stopping, setStopping] = useState<BackfillRow | null>(null);
  const [sort, setSort] = useOrder(ORDERS);
  const list = useEndless<BackfillRow>(apiUrl("/backfills", { target: alias.target, sort }), (row) => row.backfill.id);
  if (list.problem && list.rows.length === 0) return <ProblemNote problem={list.problem} />;
  if (list.isLoading) return <Spinner />;
  return (
    <div className="stack">
      <p className="row wrap">
        <span className="muted">One run for each slot of a stretch of the past, the oldest first, behind the daily ones.</span>
        {list.rows.length > 1 && (
          <span className="push">
            <SortChoice orders={ORDERS} sort={sort} onSort={setSort} />
          </span>
        )}
        {alias.may_change && (
          <button type="button" className={list.rows.length > 1 ? "button primary" : "button primary push"} onClick={() => setStarting(true)}>
            New backfill
          </button>
        )}
      </p>
      {list.rows.length === 0 && <p className="muted">There was none yet</p>}
      <ul className="stack tight">
        {list.rows.map((row) => (
          <li key={row.backfill.id} className="card">
            <BackfillLine row={row} stop={alias.may_change ? () => setStopping(row) : null} />
          </li>
        ))}
      </ul>
      {list.hasMore && (
        <button type="button" className="button" onClick={list.loadMore}>
          {sort === "-at" ? "Earlier ones" : "More"}
        </button>
      )}
      {isStarting && <NewBackfill alias={alias} close={() => setStarting(false)} />}
      {stopping && <Stop alias={alias} row={stopping} close={() => setStopping(null)} />}
    </div>
  );
}

function BackfillLine({ row: { backfill, status, counts }, stop }: { row: BackfillRow; stop: (() => void) | null }) {
  // What runs is not done yet.
  const done = backfill.total - ["to come", "queued", "running", "waiting"].reduce((sum, name) => sum + (counts[name] ?? 0), 0);
  const left = Object.entries(counts).filter(([name]) => name !== "to come");
  return (
    <div className="body stack tight">
      <p className="row wrap">
        <Status status={status === "done" ? "succeeded" : status} label={status} />
        <strong>{backfill.id}</strong>
        <span className="muted">
          {spanText(backfill.since, backfill.until)}, {backfill.schedule === null ? `every ${backfill.every}` : cronText(backfill.schedule)}, version {backfill.number}
        </span>
        <span className="muted">
          by {backfill.user} <When at={backfill.at} />
        </span>
        {stop && status === "running" && (
          <button type="button" className="button small push" onClick={stop}>
            Stop
          </button>
        )}
      </p>
      <p className="row wrap">
        <progress value={done} max={backfill.total} aria-label={`Slots of ${backfill.id}`} />
        <span className="number">
          {done} of {plural(backfill.total, "slot")}
        </span>
        {left.map(([name, count]) => (
          <Status key={name} status={name} label={`${count} ${name}`} />
        ))}
      </p>
    </div>
  );
}

/** `2026-01-01 to 2026-02-01`; within a day with the times. */
function spanText(since: number, until: number): string {
  const [from, to] = [dateText(since), dateText(until)];
  return from === to ? `${from} ${clockTime(since)} to ${clockTime(until)}` : `${from} to ${to}`;
}

function Stop({ alias, row, close }: { alias: AliasView; row: BackfillRow; close: () => void }) {
  const [letFinish, setLetFinish] = useState(true);
  const [token, setToken] = useState("");
  const act = async () => {
    const url = apiUrl(`/backfills/${encodeURIComponent(row.backfill.id)}/stop`);
    await request("POST", url, { body: { let_finish: letFinish, token } });
    answers.invalidate((each) => each.includes("/backfills"));
  };
  return (
    <Confirm title={`Stop ${row.backfill.id}`} action="Stop" act={act} close={close} isDangerous={!letFinish}>
      <p>No more of its slots are run. What it has finished stays.</p>
      <label className="row">
        <input type="checkbox" checked={letFinish} onChange={(event) => setLetFinish(event.target.checked)} />
        Let the runs finish that have begun
      </label>
      {alias.needs_token && <TokenField alias={alias} token={token} setToken={setToken} />}
    </Confirm>
  );
}

function NewBackfill({ alias, close }: { alias: AliasView; close: () => void }) {
  const [since, setSince] = useState("");
  const [until, setUntil] = useState("");
  const [every, setEvery] = useState("");
  const [parallel, setParallel] = useState("1");
  const [token, setToken] = useState("");
  const [preview, setPreview] = useState<BackfillPreview | null>(null);
  const [problem, setProblem] = useState<Problem>();
  const [isBusy, setBusy] = useState(false);
  const wanted = { since, ...(until && { until }), ...(every && { every }), parallel: Number(parallel) || 1, token };
  const send = (below: string, then: (answer: never) => void) => {
    setBusy(true);
    setProblem(undefined);
    request<never>("POST", aliasUrl(alias.target, below), { body: wanted })
      .then(then, (error: unknown) => setProblem(problemOfError(error)))
      .finally(() => setBusy(false));
  };
  const start = () =>
    send("/backfills", () => {
      answers.invalidate((url) => url.includes("/backfills"));
      close();
    });
  // Nothing is started that was not seen before: a change of the form takes the preview away.
  const changed = () => setPreview(null);
  return (
    <Dialog
      title={`Backfill ${alias.target}`}
      close={close}
      foot={
        <>
          <button type="button" className="button" onClick={close}>
            Cancel
          </button>
          <button
            type="button"
            className="button primary"
            disabled={isBusy || !since}
            onClick={preview ? start : () => send("/backfills/preview", setPreview)}
          >
            {preview ? `Start ${plural(preview.backfill.total, "run")}` : "Preview"}
          </button>
        </>
      }
    >
      <div className="stack tight">
        <div className="row wrap">
          <Field label="From" value={since} set={setSince} changed={changed} type="date" />
          <Field label="To (empty = now)" value={until} set={setUntil} changed={changed} type="date" />
        </div>
        <div className="row wrap">
          <Field label="Every (empty = its schedule)" value={every} set={setEvery} changed={changed} placeholder="1d" />
          <Field label="Runs at once" value={parallel} set={setParallel} changed={changed} type="number" />
        </div>
        {alias.needs_token && <TokenField alias={alias} token={token} setToken={setToken} />}
        {problem && <ProblemNote problem={problem} />}
        {preview && <PreviewOf preview={preview} />}
      </div>
    </Dialog>
  );
}

function Field({
  label,
  value,
  set,
  changed,
  type = "text",
  placeholder = "",
}: {
  label: string;
  value: string;
  set: (value: string) => void;
  changed: () => void;
  type?: string;
  placeholder?: string;
}) {
  return (
    <label className="stack tight">
      <span>{label}</span>
      <input
        className="field"
        type={type}
        value={value}
        placeholder={placeholder}
        onChange={(event) => {
          set(event.target.value);
          changed();
        }}
      />
    </label>
  );
}

function PreviewOf({ preview: { backfill, first_slot, last_slot, seconds, others } }: { preview: BackfillPreview }) {
  return (
    <div className="note stack tight">
      <p>
        <strong>{plural(backfill.total, "run")}</strong> of version {backfill.number}, from {dateText(first_slot)} to {dateText(last_slot)}
        {seconds !== null && `, in all about ${durationText(seconds)}`}
      </p>
      {backfill.left_out > 0 && <p className="muted">{plural(backfill.left_out, "slot")} left out: they have a successful run</p>}
      {others.length > 0 && <p className="muted">At work on the same stretch: {others.join(", ")}</p>}
    </div>
  );
}
