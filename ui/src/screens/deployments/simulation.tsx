/** What the schedules of an alias will do: every firing, with what clocks and earlier runs do to it. */

import { useState } from "react";

import type { SimulatedFiring, Simulation as SimulationView } from "@/api/schema";
import { useSmoothQuery } from "@/api/use_query";
import { ProblemNote } from "@/parts/problem";
import { Spinner } from "@/parts/spinner";
import { type Column, Table } from "@/parts/table";
import { aliasUrl } from "@/screens/deployments/urls";
import { Slot } from "@/screens/deployments/runs_of";
import { durationText } from "@/words/duration";
import { plural } from "@/words/numbers";

const COLUMNS: readonly Column<SimulatedFiring>[] = [
  { id: "at", name: "Your time", width: 160, cell: (row) => <Slot at={row.fires_at} /> },
  { id: "local", name: "On the schedule's clocks", width: 200, cell: (row) => <span className="number">{row.local}</span> },
  { id: "schedule", name: "Schedule", width: 180, cell: (row) => <code className="cut">{row.schedule}</code> },
  { id: "note", name: "What happens to it", cell: (row) => <span className="cut">{[row.clocks, row.overlap].filter(Boolean).join("; ")}</span> },
];

export function Simulation({ target }: { target: string }) {
  const [days, setDays] = useState("60");
  const { data, problem } = useSmoothQuery<SimulationView>(aliasUrl(target, `/simulation?days=${Number(days) || 60}&limit=500`));
  if (problem && !data) return <ProblemNote problem={problem} />;
  if (!data) return <Spinner />;
  return (
    <div className="stack">
      <p className="row wrap">
        <label className="row">
          The next
          <select className="field" value={days} onChange={(event) => setDays(event.target.value)}>
            {["7", "30", "60", "180", "366"].map((each) => (
              <option key={each} value={each}>
                {each} days
              </option>
            ))}
          </select>
        </label>
        <span className="muted">
          {plural(data.count, "firing")}
          {data.is_cut && " and more"}
          {data.usual_seconds !== null && `, runs take ${durationText(data.usual_seconds)} as a rule`}
        </span>
      </p>
      {data.clock_changes.map((change) => (
        <p key={`${change.zone} ${change.at}`} className="note">
          {change.zone}: clocks go from {change.before} to {change.after}, <Slot at={change.at} />
        </p>
      ))}
      <Table
        label={`Firings of ${target} to come`}
        rows={data.firings}
        columns={COLUMNS}
        keyOf={(row) => `${row.fires_at} ${row.schedule}`}
        empty={<p className="muted pad">Nothing is scheduled</p>}
        isFilling
      />
    </div>
  );
}
