/** What was asked lately, and what was answered: as it was logged. */

import { useState } from "react";

import type { PredictionRow, ServiceView } from "@/api/schema";
import { useEndless } from "@/api/use_query";
import { Copy } from "@/parts/copy";
import { Dialog } from "@/parts/dialog";
import { ProblemNote } from "@/parts/problem";
import { Spinner } from "@/parts/spinner";
import { Status } from "@/parts/status";
import { type Column, Table } from "@/parts/table";
import { useSort } from "@/parts/use_sort";
import { When } from "@/parts/when";
import { Link } from "@/router/link";
import { useQueryState } from "@/router/location";
import { pretty, serviceUrl } from "@/screens/endpoints/words";
import { durationText } from "@/words/duration";

const COLUMNS: readonly Column<PredictionRow>[] = [
  { id: "at", name: "When", isServerSorted: true, first: "falling", width: 110, cell: (row) => <When at={row.at} className="muted" /> },
  { id: "status", name: "Status", isServerSorted: true, first: "falling", width: 90, cell: (row) => <Status status={row.status < 400 ? "succeeded" : "failed"} label={String(row.status)} /> },
  { id: "endpoint", name: "Endpoint", isServerSorted: true, width: 140, isWide: true, cell: (row) => <span className="cut">{row.endpoint}</span> },
  { id: "request", name: "Request", isWide: true, cell: (row) => <span className="cut mono">{row.request}</span> },
  { id: "answer", name: "Answer", cell: (row) => <span className="cut mono">{row.answer}</span> },
  { id: "version", name: "Version", isServerSorted: true, first: "falling", width: 80, isNumber: true, isWide: true, cell: (row) => row.version },
  { id: "seconds", name: "Took", isServerSorted: true, first: "falling", width: 90, isNumber: true, isWide: true, cell: (row) => durationText(row.seconds) },
  { id: "origin", name: "For", isServerSorted: true, width: 90, isWide: true, cell: (row) => <span className="muted">{FOR_WHOM[row.origin] ?? row.origin}</span> },
];

const FOR_WHOM: Readonly<Record<string, string>> = { live: "a caller", shadow: "nobody", batch: "a batch" };
const ORIGINS: readonly [string, string][] = [
  ["live", "callers"],
  ["shadow", "nobody (shadow)"],
  ["batch", "batches"],
];
/** Versions that a choice lists, the newest. */
const MOST_VERSIONS = 50;

function numbersTo(newest: number): [string, string][] {
  return Array.from({ length: Math.min(newest, MOST_VERSIONS) }, (_, index) => [String(newest - index), String(newest - index)]);
}

export function Predictions({ view }: { view: ServiceView }) {
  const [failed, setFailed] = useQueryState("failed");
  const [chosen, setChosen] = useState<PredictionRow | null>(null);
  const [endpoint, setEndpoint] = useQueryState("of");
  const [version, setVersion] = useQueryState("version");
  const [origin, setOrigin] = useQueryState("for");
  const [sort, setSort] = useSort(COLUMNS, "-at");
  const { service } = view.row;
  const url = serviceUrl(service, "/predictions", { failed: failed === "yes" ? true : undefined, endpoint, version, origin, sort });
  const list = useEndless<PredictionRow>(url, (row) => row.id);
  if (list.problem && list.rows.length === 0) return <ProblemNote problem={list.problem} />;
  if (list.isLoading) return <Spinner />;
  return (
    <div className="stack">
      <div className="row wrap">
        <label className="row">
          <input type="checkbox" checked={failed === "yes"} onChange={(event) => setFailed(event.target.checked ? "yes" : "")} />
          Only those that failed or were refused
        </label>
        <Choice name="Endpoint" chosen={endpoint} choose={setEndpoint} options={view.endpoints.map(({ name }) => [name, name])} />
        <Choice name="Version" chosen={version} choose={setVersion} options={numbersTo(view.newest)} />
        <Choice name="For" chosen={origin} choose={setOrigin} options={ORIGINS} />
      </div>
      <Table
        label={`Predictions of ${service}`}
        rows={list.rows}
        columns={[...COLUMNS, { id: "open", name: "Whole", width: 80, cell: (row) => <Open act={() => setChosen(row)} /> }]}
        keyOf={(row) => row.id}
        sort={sort}
        onSort={setSort}
        onEnd={list.loadMore}
        isFilling
        empty={<NoneThere isNarrowed={Boolean(failed || endpoint || version || origin)} view={view} />}
      />
      {chosen && (
        <Dialog title={`Prediction ${chosen.id}`} close={() => setChosen(null)} isWide>
          <div className="stack tight">
            <p className="row wrap">
              <code>headwater explain {chosen.id}</code>
              <Copy text={`headwater explain ${chosen.id}`} label="Copy the command" />
              <span className="muted">leads to the run, code and artifacts behind it</span>
            </p>
            <p className="row wrap">
              <Status status={chosen.status < 400 ? "succeeded" : "failed"} label={String(chosen.status)} />
              <span>
                {chosen.endpoint} of version {chosen.version}, {durationText(chosen.seconds)}, <When at={chosen.at} />
              </span>
            </p>
            <h3>Request</h3>
            <pre className="answer">{pretty(chosen.request)}</pre>
            <h3>Answer</h3>
            <pre className="answer">{pretty(chosen.answer)}</pre>
            {chosen.label !== null && chosen.label !== undefined && (
              <>
                <h3>What turned out to be true</h3>
                <pre className="answer">{JSON.stringify(chosen.label)}</pre>
              </>
            )}
          </div>
        </Dialog>
      )}
    </div>
  );
}

function Choice({
  name,
  options,
  chosen,
  choose,
}: {
  name: string;
  options: readonly (readonly [string, string])[];
  chosen: string;
  choose: (value: string) => void;
}) {
  if (options.length < 2) return null;
  return (
    <label className="row muted">
      {name}
      <select className="field" value={chosen} onChange={(event) => choose(event.target.value)}>
        <option value="">all</option>
        {options.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

function NoneThere({ isNarrowed, view: { row, log } }: { isNarrowed: boolean; view: ServiceView }) {
  if (isNarrowed) return <p className="muted pad">None of the last day is like that</p>;
  if (log.share === 0) return <p className="muted pad">Version {row.number} keeps no log: its class says so with log_sample = 0</p>;
  return (
    <p className="muted pad">
      Nothing was logged in the last day; <Link to="?tab=try">ask it yourself</Link>
    </p>
  );
}

function Open({ act }: { act: () => void }) {
  return (
    <button type="button" className="button small" onClick={act}>
      Open
    </button>
  );
}
