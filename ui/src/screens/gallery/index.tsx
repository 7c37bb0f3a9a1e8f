/** All parts that screens are made of, with made-up content; only while developing. */

import "./gallery.css";

import { type ReactNode, useState } from "react";

import { Chart } from "@/parts/chart";
import { Code, Diff } from "@/parts/code";
import { Command } from "@/parts/copy";
import { Confirm } from "@/parts/dialog";
import { Empty } from "@/parts/empty";
import { Graph } from "@/parts/graph";
import { JsonTree } from "@/parts/json_tree";
import { Preview } from "@/parts/preview";
import { ProblemNote } from "@/parts/problem";
import { Prose } from "@/parts/prose";
import { Status } from "@/parts/status";
import { Table } from "@/parts/table";
import { Tabs } from "@/parts/tabs";
import { TaskBar } from "@/parts/task_bar";
import { Duration, When } from "@/parts/when";

const STATES = ["succeeded", "failed", "running", "queued", "waiting", "interrupted", "cancelled", "retrying", "caught", "reused", "paused", "idle"];
const CODE = `@step\ndef train(self):\n    """Fit one fold."""\n    model = fit(self.rows, alpha=0.5)  # slow\n    self.f1 = round(model.f1, 3)\n    self.next(self.join)\n`;
const ROWS = Array.from({ length: 10_000 }, (_, index) => ({ id: index + 1, f1: Math.sin(index) ** 2 }));
const CURVES = ["train", "test"].map((name, shift) => ({
  name,
  xs: Array.from({ length: 5000 }, (_, index) => index),
  ys: Array.from({ length: 5000 }, (_, index) => 1 / (1 + index / 400) + shift * 0.1 + 0.02 * Math.sin(index / 9)),
}));

export default function Gallery() {
  const [selected, select] = useState<ReadonlySet<string>>(new Set());
  const [node, setNode] = useState("train");
  const [isOpen, setOpen] = useState(false);
  return (
    <div className="gallery">
      <Part name="Status">
        <div className="row wrap">
          {STATES.map((status) => (
            <Status key={status} status={status} />
          ))}
        </div>
        <Status status="running" isPill />
        <TaskBar counts={{ succeeded: 61, running: 3, failed: 2 }} />
      </Part>
      <Part name="Buttons and times">
        <div className="row wrap">
          <button type="button" className="button primary" onClick={() => setOpen(true)}>
            Promote
          </button>
          <button type="button" className="button">
            Cancel
          </button>
          <button type="button" className="button danger">
            Delete
          </button>
          <Command text="headwater resume Churn/17" />
        </div>
        <p>
          <When at={Date.now() / 1000 - 400} />, took <Duration from={0} to={8043} />, has taken <Duration from={Date.now() / 1000 - 5} />
        </p>
      </Part>
      <Part name="Graph">
        <Graph
          label="Steps"
          height={240}
          selected={node}
          onSelect={setNode}
          nodes={[
            { id: "start", title: "start", status: "succeeded", subtitle: "1.2 s" },
            { id: "train", title: "train", status: "running", kind: "foreach", subtitle: "61 of 100 tasks", counts: { succeeded: 61, running: 3, failed: 1 } },
            { id: "judge", title: "judge", kind: "switch" },
            { id: "end", title: "end" },
          ]}
          edges={[
            { from: "start", to: "train", kind: "many" },
            { from: "train", to: "judge" },
            { from: "judge", to: "train", kind: "back", label: "worse" },
            { from: "judge", to: "end", kind: "idle", label: "better" },
          ]}
        />
      </Part>
      <Part name="Chart">
        <Chart title="loss" series={CURVES} xName="step" />
      </Part>
      <Part name="Table">
        <Table
          label="Gallery"
          rows={ROWS}
          keyOf={(row) => String(row.id)}
          maxHeight={240}
          selected={selected}
          onSelect={select}
          hasColumnMenu
          columns={[
            { id: "id", name: "Fold", width: 120, value: (row) => row.id, cell: (row) => `fold ${row.id}` },
            { id: "f1", name: "f1", width: 90, isNumber: true, value: (row) => row.f1, cell: (row) => row.f1.toFixed(3), first: "falling" },
          ]}
        />
      </Part>
      <Part name="Tabs">
        <Tabs
          label="Gallery"
          tabs={[
            { id: "code", name: "Code", content: () => <Code text={CODE} marked={[4]} /> },
            { id: "diff", name: "Difference", count: 1, content: () => <Diff before={CODE} after={CODE.replace("0.5", "0.9")} /> },
          ]}
        />
      </Part>
      <Part name="Preview">
        <Preview of={{ kind: "histogram", shape: [1000], dtype: "float64", preview: { min: 0, max: 1, mean: 0.4, missing: 2, sampled: 1000, counts: [1, 4, 9, 14, 22, 30, 21, 12, 6, 2] } }} />
        <Preview of={{ kind: "table", schema: [["city", "str"]], preview: { columns: ["city", "rows"], rows: [["Bern", "12"], ["Ulm", null]] } }} />
        <JsonTree value={{ alpha: 0.5, folds: [1, 2, 3], is_new: true, none: null }} />
      </Part>
      <Part name="Words">
        <Prose text={"## Churn\n\nPredicts **who** leaves, see [the runs](/runs).\n\n- daily\n- `alpha` matters"} />
        <Empty isSmall title="Nothing here" command="headwater run churn.py" />
        <ProblemNote problem={{ title: "Not allowed", status: 403, detail: "this takes a deployer", hint: "an admin can give the role" }} />
      </Part>
      {isOpen && (
        <Confirm title="Promote" action="Promote" word="production" act={() => Promise.reject(new Error("nothing is there to promote"))} close={() => setOpen(false)}>
          <p>Churn@production moves from deployment 3 to deployment 4.</p>
        </Confirm>
      )}
    </div>
  );
}

function Part({ name, children }: { name: string; children: ReactNode }) {
  return (
    <section className="card">
      <header>
        <h2>{name}</h2>
      </header>
      <div className="body stack">{children}</div>
    </section>
  );
}
