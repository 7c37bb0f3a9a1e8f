/** What was asked lately, and what was answered: as it was logged. */

import { useState } from "react";

import type { PredictionRow } from "@/api/schema";
import { useEndless } from "@/api/use_query";
import { Copy } from "@/parts/copy";
import { Dialog } from "@/parts/dialog";
import { ProblemNote } from "@/parts/problem";
import { Spinner } from "@/parts/spinner";
import { Status } from "@/parts/status";
import { type Column, Table } from "@/parts/table";
import { When } from "@/parts/when";
import { useQueryState } from "@/router/location";
import { serviceUrl } from "@/screens/endpoints/words";
import { durationText } from "@/words/duration";

const COLUMNS: readonly Column<PredictionRow>[] = [
  { id: "at", name: "When", width: 110, cell: (row) => <When at={row.at} className="muted" /> },
  { id: "status", name: "Status", width: 90, cell: (row) => <Status status={row.status < 400 ? "succeeded" : "failed"} label={String(row.status)} /> },
  { id: "endpoint", name: "Endpoint", width: 140, cell: (row) => <span className="cut">{row.endpoint}</span> },
  { id: "request", name: "Request", cell: (row) => <span className="cut mono">{row.request}</span> },
  { id: "answer", name: "Answer", cell: (row) => <span className="cut mono">{row.answer}</span> },
  { id: "version", name: "Version", width: 80, isNumber: true, cell: (row) => row.version },
  { id: "seconds", name: "Took", width: 90, isNumber: true, cell: (row) => durationText(row.seconds) },
  { id: "origin", name: "For", width: 80, cell: (row) => <span className="muted">{row.origin}</span> },
];

export function Predictions({ service }: { service: string }) {
  const [failed, setFailed] = useQueryState("failed");
  const [chosen, setChosen] = useState<PredictionRow | null>(null);
  const url = serviceUrl(service, "/predictions", { failed: failed === "yes" ? true : undefined });
  const list = useEndless<PredictionRow>(url, (row) => row.id);
  if (list.problem && list.rows.length === 0) return <ProblemNote problem={list.problem} />;
  if (list.isLoading) return <Spinner />;
  return (
    <div className="stack">
      <label className="row">
        <input type="checkbox" checked={failed === "yes"} onChange={(event) => setFailed(event.target.checked ? "yes" : "")} />
        Only those that failed or were refused
      </label>
      <Table
        label={`Predictions of ${service}`}
        rows={list.rows}
        columns={[...COLUMNS, { id: "open", name: "Whole", width: 80, cell: (row) => <Open act={() => setChosen(row)} /> }]}
        keyOf={(row) => row.id}
        onEnd={list.loadMore}
        isFilling
        empty={<p className="muted pad">Nothing was logged in the last day</p>}
      />
      {chosen && (
        <Dialog title={`Prediction ${chosen.id}`} close={() => setChosen(null)} isWide>
          <div className="stack tight">
            <p className="row wrap">
              <code>headwater explain {chosen.id}</code>
              <Copy text={`headwater explain ${chosen.id}`} label="Copy the command" />
              <span className="muted">leads to the run, code and artifacts behind it</span>
            </p>
            <h3>Request</h3>
            <pre className="answer">{chosen.request}</pre>
            <h3>Answer</h3>
            <pre className="answer">{chosen.answer}</pre>
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

function Open({ act }: { act: () => void }) {
  return (
    <button type="button" className="button small" onClick={act}>
      Open
    </button>
  );
}
