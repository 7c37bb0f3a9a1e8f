/** When what waited and ran. */

import { useEffect, useRef, useState } from "react";

import { type Problem, get } from "@/api/client";
import { problemOfError } from "@/api/problem";
import { useQuery } from "@/api/use_query";
import { Empty } from "@/parts/empty";
import { ProblemNote } from "@/parts/problem";
import { Spinner } from "@/parts/spinner";
import { navigate } from "@/router/location";
import { pathOf } from "@/router/match";
import { durationText } from "@/words/duration";
import { plural, shareText } from "@/words/numbers";

import { Link } from "@/router/link";
import type { CriticalPath, RunView, TaskSummary, TimelinePart } from "./shapes";
import { type Span, SpanList } from "./timeline/spans";
import { Timeline } from "./timeline/timeline";
import { type About, type Listen, isOpen, pageOf, runUrl } from "./use_run";

export function TimelineTab({ run, listen }: About) {
  const { spans, version, isLoading, problem } = useSpans(run, listen);
  const { data: critical } = useQuery<CriticalPath>(runUrl(run.flow, run.label, "/critical-path"));
  const [marked, setMarked] = useState(0);
  useEffect(() => {
    if (!critical) return;
    spans.mark(new Set(critical.links.map(({ label }) => label)));
    setMarked((count) => count + 1);
  }, [critical, spans, isLoading]);
  if (problem && spans.size === 0) return <ProblemNote problem={problem} />;
  if (isLoading && spans.size === 0) return <Spinner />;
  if (spans.size === 0) return <Empty isSmall title="Nothing has started yet" />;
  return (
    <div className="stack tight">
      {critical && critical.links.length > 0 && <PathWords critical={critical} />}
      <Timeline
        spans={spans}
        version={version + marked}
        start={run.started_at}
        isRunning={isOpen(run.status)}
        open={({ step, label }) => navigate(pathOf("runs", run.flow, run.label, step, label))}
      />
    </div>
  );
}

/** What the run's duration hung on, in one sentence. */
function PathWords({ critical }: { critical: CriticalPath }) {
  const shares = Object.entries(critical.share_by_step).sort(([, one], [, other]) => other - one);
  const longest = critical.links.reduce((most, link) => (link.running > most.running ? link : most));
  return (
    <p className="muted">
      The critical path took <span className="strong number">{durationText(critical.total)}</span> over{" "}
      {plural(critical.links.length, "task")}, of which {durationText(critical.waiting)} was waiting; most of it in{" "}
      {shares.slice(0, 2).map(([step, share], index) => (
        <span key={step}>
          {index > 0 && " and "}
          <span className="strong">{step}</span> ({shareText(share)})
        </span>
      ))}
      . Its longest task is{" "}
      <Link to={pageOf(longest.path)}>
        {longest.step}/{longest.label}
      </Link>
      .
    </p>
  );
}

interface Found {
  readonly spans: SpanList;
  readonly version: number;
  readonly isLoading: boolean;
  readonly problem: Problem | undefined;
}

/** Read the whole timeline part by part, then follow the run. */
function useSpans(run: RunView, listen: Listen): Found {
  const [spans] = useState(() => new SpanList());
  const [version, setVersion] = useState(0);
  const [isLoading, setLoading] = useState(true);
  const [problem, setProblem] = useState<Problem>();
  const wasOpen = useRef(isOpen(run.status));
  const { flow, label, started_at: zero } = run;
  const isEnded = !isOpen(run.status);
  useEffect(() => {
    const abort = new AbortController();
    const read = async () => {
      let cursor: number | null | undefined;
      do {
        const part: TimelinePart = await get(
          runUrl(flow, label, "/timeline", { limit: cursor ? 5000 : 2500, cursor }),
          abort.signal,
        );
        if (spans.merge(spansOf(part))) setVersion((count) => count + 1);
        cursor = part.cursor;
      } while (cursor);
    };
    read()
      .catch((error: unknown) => !abort.signal.aborted && setProblem(problemOfError(error)))
      .finally(() => setLoading(false));
    return () => abort.abort();
    // Once more when it ends: what the stream did not tell.
  }, [spans, flow, label, isEnded && wasOpen.current]);
  useEffect(
    () =>
      listen(({ tasks }) => {
        if (spans.merge(tasks.map(spanOf))) setVersion((count) => count + 1);
      }),
    [listen, spans, zero],
  );
  return { spans, version, isLoading, problem };
}

/** Take the columns of an answer apart. */
function* spansOf({ started_at: zero, steps, statuses, spans }: TimelinePart): Iterable<Span> {
  for (const [index, label] of spans.label.entries()) {
    const ready = spans.ready[index];
    const end = spans.end[index];
    yield {
      label,
      step: steps[spans.step[index] ?? -1] ?? "",
      key: spans.key[index] ?? "",
      status: statuses[spans.status[index] ?? -1] ?? "",
      attempt: spans.attempt[index] ?? 0,
      ready: ready === null || ready === undefined ? 0 : zero + ready,
      started: zero + (spans.start[index] ?? 0),
      finished: end === null || end === undefined ? null : zero + end,
      isReused: spans.is_reused[index] ?? false,
    };
  }
}

function spanOf(task: TaskSummary): Span {
  return {
    label: task.label,
    step: task.step,
    key: task.key,
    status: task.status,
    attempt: task.attempt,
    ready: task.ready_at ?? 0,
    started: task.started_at,
    finished: task.finished_at ?? null,
    isReused: Boolean(task.origin),
  };
}
