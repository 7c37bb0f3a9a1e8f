/** The tasks of a run as a table: filtered and sorted by the server, so that ten thousand are no more than ten. */

import { useEffect, useMemo, useState } from "react";

import { answers } from "@/api/cache";
import { type Page, useEndless, useQuery } from "@/api/use_query";
import { Empty } from "@/parts/empty";
import { ProblemNote } from "@/parts/problem";
import { Spinner } from "@/parts/spinner";
import { Status, toneOf } from "@/parts/status";
import { type Column, Table } from "@/parts/table";
import { useSort } from "@/parts/use_sort";
import { Duration, When } from "@/parts/when";
import { useQueryState } from "@/router/location";
import { durationText } from "@/words/duration";
import { countText, sizeText } from "@/words/numbers";

import { shortType } from "../task/causes";
import type { GraphView, TaskSummary } from "./shapes";
import { type About, type Listen, pageOf, runUrl } from "./use_run";

const STATUSES = ["running", "retrying", "succeeded", "caught", "failed", "cancelled", "lost"];

export function TasksTab({ run, listen }: About) {
  const [step, setStep] = useQueryState("step");
  const [status, setStatus] = useQueryState("status");
  const [search, setSearch] = useQueryState("search");
  const columns = useMemo(() => columnsOf(), []);
  const [sort, setSort] = useSort(columns, "label");
  const { data: graph } = useQuery<GraphView>(runUrl(run.flow, run.label, "/graph"));
  const url = runUrl(run.flow, run.label, "/tasks", {
    step,
    status: status ? [status] : [],
    search,
    sort,
    limit: 200,
  });
  const { rows, problem, isLoading, hasMore, isLoadingMore, loadMore } = useEndless<TaskSummary>(url, keyOf);
  useLiveRows(url, listen);
  const counts = run.task_counts ?? {};
  return (
    <div className="stack tight">
      <div className="row wrap">
        <input
          className="field"
          data-filter
          type="search"
          placeholder="Find: train/4, KeyError, words of a message"
          aria-label="Find tasks"
          style={{ width: 300 }}
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
        <select className="field" aria-label="Step" value={step} onChange={(event) => setStep(event.target.value)}>
          <option value="">All steps</option>
          {graph?.steps.map(({ name }) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
        <span className="row wrap" role="group" aria-label="Status">
          {STATUSES.filter((each) => counts[each] || each === status).map((each) => (
            <button
              key={each}
              type="button"
              className={`chip toned number filter-chip ${toneOf(each)}`}
              aria-pressed={each === status}
              onClick={() => setStatus(each === status ? "" : each)}
            >
              {countText(counts[each] ?? 0)} {each}
            </button>
          ))}
        </span>
      </div>
      {problem && rows.length === 0 && <ProblemNote problem={problem} />}
      {isLoading ? (
        <Spinner />
      ) : (
        <Table
          label="Tasks"
          rows={rows}
          columns={columns}
          keyOf={keyOf}
          linkOf={(task) => pageOf(task.path)}
          sort={sort}
          onSort={setSort}
          onEnd={loadMore}
          isFilling
          hasKeys
          hasColumnMenu
          empty={
            <Empty isSmall title={step || status || search ? "No task is like this" : "Nothing has started yet"} />
          }
          foot={hasMore ? (isLoadingMore ? "Loading more" : "") : undefined}
        />
      )}
    </div>
  );
}

function keyOf(task: TaskSummary): string {
  return String(task.label);
}

function columnsOf(): readonly Column<TaskSummary>[] {
  return [
    { id: "label", name: "Task", width: 220, isServerSorted: true, cell: (task) => <TaskName task={task} /> },
    {
      id: "status",
      name: "Status",
      width: 130,
      isServerSorted: true,
      cell: (task) => <Status status={task.origin ? "reused" : task.status} />,
    },
    {
      id: "started",
      name: "Started",
      width: 150,
      isServerSorted: true,
      first: "falling",
      cell: (task) => <When at={task.started_at} />,
    },
    {
      id: "waited",
      name: "Waited",
      width: 84,
      isNumber: true,
      isServerSorted: true,
      first: "falling",
      cell: (task) => waited(task),
    },
    {
      id: "duration",
      name: "Ran",
      width: 90,
      isNumber: true,
      isServerSorted: true,
      first: "falling",
      cell: (task) => (task.origin ? "–" : <Duration from={task.started_at} to={task.finished_at} />),
    },
    {
      id: "cpu",
      name: "CPU",
      width: 84,
      isNumber: true,
      isServerSorted: true,
      first: "falling",
      cell: (task) => (task.cpu_seconds ? durationText(task.cpu_seconds) : "–"),
    },
    {
      id: "peak_memory",
      name: "Memory",
      width: 94,
      isNumber: true,
      isServerSorted: true,
      first: "falling",
      cell: (task) => (task.peak_memory_bytes ? sizeText(task.peak_memory_bytes) : "–"),
    },
    {
      id: "attempts",
      name: "Tries",
      width: 72,
      isNumber: true,
      isServerSorted: true,
      first: "falling",
      cell: (task) => task.attempt + 1,
    },
    { id: "error", name: "Error", isServerSorted: true, cell: (task) => <ErrorWords task={task} /> },
  ];
}

function TaskName({ task }: { task: TaskSummary }) {
  return (
    <span className="cut" title={task.key}>
      <span className="strong">
        {task.step}/{task.label}
      </span>{" "}
      {task.indices && task.indices.length > 0 && <span className="faint number">[{task.indices.join(", ")}]</span>}
    </span>
  );
}

function ErrorWords({ task }: { task: TaskSummary }) {
  if (!task.error && !task.message) return null;
  return (
    <span className="cut" title={task.message}>
      <span className="strong">{shortType(task.error ?? "")}</span> <span className="muted">{task.message}</span>
    </span>
  );
}

function waited(task: TaskSummary): string {
  return task.ready_at && !task.origin ? durationText(Math.max(0, task.started_at - task.ready_at)) : "–";
}

/** Bring shown rows up to date as the stream tells of them; ask anew for those that are not there yet. */
function useLiveRows(url: string, listen: Listen): void {
  const [known] = useState(() => ({ url }));
  known.url = url;
  useEffect(
    () =>
      listen(({ tasks: changed }) => {
        if (changed.length === 0) return;
        const tasks = new Map(changed.map((task) => [task.label, task]));
        answers.patch<Page<TaskSummary>>(known.url, (page) => ({
          ...page,
          rows: page.rows.map((row) => ({ ...row, ...tasks.get(row.label) })),
        }));
        answers.invalidate((each) => each === known.url);
      }),
    [listen, known],
  );
}
