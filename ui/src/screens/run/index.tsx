/** One run: how it stands, and everything about it in tabs. */

import "./run.css";

import { ProblemNote } from "@/parts/problem";
import { Spinner } from "@/parts/spinner";
import { Tabs } from "@/parts/tabs";
import type { ScreenProps } from "@/screens";

import { ArtifactsTab } from "./artifacts_tab";
import { BlameTab } from "./blame_tab";
import { CodeTab } from "./code_tab";
import { EnvironmentTab } from "./environment_tab";
import { Failure } from "./failure";
import { GraphTab } from "./graph_tab";
import { Head } from "./head";
import { MetricsTab } from "./metrics_tab";
import { ParametersTab } from "./parameters_tab";
import { ResourcesTab } from "./resources_tab";
import { StandingNote } from "./standing_note";
import { TasksTab } from "./tasks_tab";
import { TimelineTab } from "./timeline_tab";
import { useRun } from "./use_run";

export default function RunScreen({ parts }: ScreenProps) {
  const { flow = "", label = "" } = parts;
  return <Run key={`${flow}/${label}`} flow={flow} label={label} />;
}

function Run({ flow, label }: { flow: string; label: string }) {
  const { run, problem, listen } = useRun(flow, label);
  if (!run) return problem ? <ProblemNote problem={problem} /> : <Spinner isPage />;
  const tasks = Object.values(run.task_counts ?? {}).reduce((sum, count) => sum + count, 0);
  const about = { run, listen };
  return (
    <article className="run">
      <Head run={run} />
      <StandingNote run={run} />
      {run.status === "failed" && run.failure && <Failure run={run} failure={run.failure} />}
      <Tabs
        label={`About ${run.path}`}
        tabs={[
          { id: "graph", name: "Graph", content: () => <GraphTab {...about} /> },
          { id: "timeline", name: "Timeline", content: () => <TimelineTab {...about} /> },
          { id: "tasks", name: "Tasks", count: tasks, content: () => <TasksTab {...about} /> },
          { id: "blame", name: "Where time went", content: () => <BlameTab {...about} /> },
          { id: "metrics", name: "Metrics", content: () => <MetricsTab {...about} /> },
          {
            id: "parameters",
            name: "Parameters",
            count: run.values.length,
            content: () => <ParametersTab run={run} />,
          },
          { id: "artifacts", name: "Artifacts", content: () => <ArtifactsTab {...about} /> },
          { id: "code", name: "Code", content: () => <CodeTab run={run} /> },
          { id: "environment", name: "Environment", content: () => <EnvironmentTab run={run} /> },
          { id: "resources", name: "Resources", content: () => <ResourcesTab {...about} /> },
        ]}
      />
    </article>
  );
}
