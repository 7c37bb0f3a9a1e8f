/** One task: why it failed first, then its log, artifacts, metrics, inputs and what it used. */

import "../run/run.css";
import "./task.css";

import { useEffect } from "react";

import { answers } from "@/api/cache";
import { useQuery } from "@/api/use_query";
import { ProblemNote } from "@/parts/problem";
import { Prose } from "@/parts/prose";
import { Spinner } from "@/parts/spinner";
import { type Tab, Tabs } from "@/parts/tabs";
import { useQueryState } from "@/router/location";
import { pathOf } from "@/router/match";
import type { ScreenProps } from "@/screens";

import { runUrl, useRun } from "../run/use_run";
import { ArtifactList } from "./artifact_list";
import { Attempts } from "./attempts";
import { Failure } from "./failure";
import { TaskHead } from "./head";
import { Inputs } from "./inputs";
import { type AskLog, TaskLog } from "./logs/log_view";
import { TaskMetrics } from "./metrics";
import type { AttemptView, TaskView } from "./shapes";
import { UsageTab } from "./usage";

export default function TaskScreen({ parts }: ScreenProps) {
  const { flow = "", label = "", step = "", task = "" } = parts;
  return <Task key={`${flow}/${label}/${step}/${task}`} flow={flow} label={label} step={step} task={task} />;
}

function Task({ flow, label, step, task: number }: { flow: string; label: string; step: string; task: string }) {
  const url = runUrl(flow, label, `/tasks${pathOf(step, number)}`);
  const { data: task, problem } = useQuery<TaskView>(url);
  const { run, listen } = useRun(flow, label);
  const [chosen, choose] = useQueryState("attempt");
  useEffect(
    () =>
      listen(
        ({ tasks }) =>
          tasks.some((each) => String(each.label) === number) && answers.invalidate((each) => each === url),
      ),
    [listen, url, number],
  );
  useEffect(() => answers.invalidate((each) => each === url), [run?.status, url]);
  if (!task) return problem ? <ProblemNote problem={problem} /> : <Spinner isPage />;
  const attempt = task.attempts.find((each) => String(each.attempt + 1) === chosen) ?? task.attempts.at(-1);
  const error = attempt?.error ?? (attempt === task.attempts.at(-1) ? task.failure : null);
  return (
    <article className="run task">
      <TaskHead task={task} attempt={attempt} hasFailed={Boolean(error)} url={url} />
      {task.attempts.length > 1 && (
        <Attempts
          attempts={task.attempts}
          chosen={attempt?.attempt ?? 0}
          choose={(each) => choose(each === task.attempt ? "" : String(each + 1))}
        />
      )}
      {error && attempt && (
        <Failure task={task} attempt={attempt} error={error} flow={flow} label={label} root={run?.code.root ?? ""} />
      )}
      <Tabs label={`About ${task.path}`} tabs={tabsOf(task, attempt, url, flow, label, Boolean(error))} />
      {task.doc && (
        <footer className="task-doc muted">
          <Prose text={task.doc} />
        </footer>
      )}
    </article>
  );
}

function tabsOf(
  task: TaskView,
  attempt: AttemptView | undefined,
  url: string,
  flow: string,
  label: string,
  hasFailed: boolean,
): Tab[] {
  const number = attempt?.attempt ?? task.attempt;
  const ask: AskLog = (rest, query = {}) => withQuery(`${url}/logs${rest}`, query);
  const height = hasFailed ? "min(52vh, 560px)" : "max(340px, calc(100dvh - 330px))";
  return [
    { id: "log", name: "Log", content: () => <TaskLog key={number} ask={ask} attempt={number} height={height} /> },
    {
      id: "artifacts",
      name: "Artifacts",
      count: task.artifact_count,
      content: () => <ArtifactList task={task} url={url} />,
    },
    { id: "metrics", name: "Metrics", content: () => <TaskMetrics flow={flow} label={label} task={task} /> },
    { id: "inputs", name: "Inputs", count: task.reads.length, content: () => <Inputs task={task} /> },
    { id: "usage", name: "Usage", content: () => <UsageTab task={task} usage={attempt?.usage ?? task.usage ?? {}} /> },
  ];
}

function withQuery(path: string, query: Readonly<Record<string, string | number | undefined>>): string {
  const names = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) names.set(name, String(value));
  const text = names.toString();
  return text ? `${path}?${text}` : path;
}
