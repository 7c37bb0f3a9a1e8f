/** Every setting with where it comes from, and what runs for the store. */

import { apiUrl } from "@/api/client";
import type { SettingView, SettingsView } from "@/api/schema";
import { useQuery } from "@/api/use_query";
import { Command } from "@/parts/copy";
import { ProblemNote } from "@/parts/problem";
import { Spinner } from "@/parts/spinner";
import { Status } from "@/parts/status";
import { type Column, Table } from "@/parts/table";

const COLUMNS: readonly Column<SettingView>[] = [
  { id: "name", name: "Setting", width: 220, cell: (row) => <code>{row.name}</code>, value: (row) => row.name },
  { id: "value", name: "Value", width: 240, cell: (row) => <span className="cut mono" title={row.value}>{row.value || "–"}</span> },
  { id: "meaning", name: "What it is", cell: (row) => <span className="cut muted">{row.meaning}</span> },
  { id: "source", name: "From", width: 190, cell: (row) => <span className="cut muted">{row.source}</span> },
];

export function Values() {
  const { data, problem } = useQuery<SettingsView>(apiUrl("/settings"));
  if (problem && !data) return <ProblemNote problem={problem} />;
  if (!data) return <Spinner />;
  const { daemon, scheduler, host } = data.running;
  return (
    <div className="stack">
      <section className="card">
        <header>
          <h2>What runs</h2>
          <span className="muted push">
            Headwater {data.version}, Python {data.python}
          </span>
        </header>
        <div className="body stack tight">
          <Runs is={daemon} name="Daemon" does="keeps the others alive" />
          <Runs is={scheduler} name="Scheduler" does="fires schedules and triggers, and drives the runs of deployments" />
          <Runs is={host} name="Host" does="answers for services; it starts with the first one" />
          {!daemon && <Command text="headwater up" />}
          {data.store && (
            <p className="muted">
              Store <code>{data.store}</code>
            </p>
          )}
        </div>
      </section>
      <Table label="Settings" rows={data.settings} columns={COLUMNS} keyOf={(row) => row.name} maxHeight={640} />
    </div>
  );
}

function Runs({ is, name, does }: { is: boolean; name: string; does: string }) {
  return (
    <p className="row wrap">
      <Status status={is ? "live" : "stopped"} label={`${name} ${is ? "runs" : "does not run"}`} />
      <span className="muted">{does}</span>
    </p>
  );
}
