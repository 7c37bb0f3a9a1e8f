/** The graph of a run with its counts, and beside it the step that is looked at. */

import { useEffect, useMemo, useRef, useState } from "react";

import { answers } from "@/api/cache";
import { useQuery } from "@/api/use_query";
import { Graph, type GraphEdge, type GraphNode } from "@/parts/graph";
import { layoutOf } from "@/parts/graph_layout";
import { ProblemNote } from "@/parts/problem";
import { Spinner } from "@/parts/spinner";
import { useNow } from "@/parts/when";
import { useQueryState } from "@/router/location";
import { durationText } from "@/words/duration";
import { countText } from "@/words/numbers";

import { counted } from "./counted";
import type { EdgeView, GraphView, RunView, StepView } from "./shapes";
import { kindOf, openedFor, standingOf } from "./standing";
import { StepPanel } from "./step_panel";
import { useSize } from "./timeline/surface";
import { type About, type Listen, isOpen, runUrl } from "./use_run";

/** A higher graph is moved about in its window instead. */
const MOST_PIXELS = 1500;

export function GraphTab({ run, listen }: About) {
  const url = runUrl(run.flow, run.label, "/graph");
  const { data: graph, problem } = useQuery<GraphView>(url);
  const [step, setStep] = useQueryState("step");
  useLiveCounts(url, listen);
  if (!graph) return problem ? <ProblemNote problem={problem} /> : <Spinner />;
  const looked = graph.steps.find(({ name }) => name === step) ?? firstToLookAt(graph, run);
  return (
    <div className="graph-tab">
      <Drawn graph={graph} run={run} step={looked?.name ?? ""} choose={setStep} />
      {looked && <StepPanel key={looked.name} run={run} step={looked} listen={listen} />}
    </div>
  );
}

function Drawn({
  graph,
  run,
  step,
  choose,
}: {
  graph: GraphView;
  run: RunView;
  step: string;
  choose: (step: string) => void;
}) {
  const box = useRef<HTMLDivElement>(null);
  const { width } = useSize(box);
  const now = useNow();
  const isMoving = isOpen(run.status);
  const nodes = useMemo(
    () => graph.steps.map((each) => nodeOf(each, graph, isMoving ? now : 0)),
    [graph, isMoving && now],
  );
  const edges = useMemo(() => graph.edges.map((each) => edgeOf(each, graph)), [graph]);
  const shape = nodes.map(({ id }) => id).join();
  const plan = useMemo(() => {
    const across = layoutOf(nodes, edges, "LR");
    if (across.width <= width * 1.25 || nodes.length < 3) return { direction: "LR" as const, height: across.height };
    return { direction: "TB" as const, height: layoutOf(nodes, edges, "TB").height };
  }, [shape, width]);
  return (
    <div ref={box} className="graph-drawn">
      {width > 0 && (
        <Graph
          nodes={nodes}
          edges={edges}
          label={`Steps of ${run.path}`}
          direction={plan.direction}
          selected={step}
          onSelect={choose}
          height={Math.min(MOST_PIXELS, Math.max(240, plan.height + 24))}
        />
      )}
    </div>
  );
}

/** The step that failed, else one that waits for approval or runs, else one with failures that were caught, else the one with most tasks. */
function firstToLookAt(graph: GraphView, run: RunView): StepView | undefined {
  const failed = run.failure?.step;
  return (
    graph.steps.find(({ name }) => name === failed) ??
    graph.steps.find(({ waits_at_gate }) => waits_at_gate) ??
    graph.steps.find(({ counts }) => counts?.["running"]) ??
    graph.steps.find(({ counts }) => counts?.["caught"]) ??
    graph.steps.reduce<StepView | undefined>(
      (most, step) => (most && tasksOf(most) >= tasksOf(step) ? most : step),
      undefined,
    )
  );
}

function tasksOf(step: StepView): number {
  return Object.values(step.counts ?? {}).reduce((sum, count) => sum + count, 0);
}

function nodeOf(step: StepView, graph: GraphView, now: number): GraphNode {
  const standing = standingOf(step, openedFor(step, graph.steps));
  const left = standing.expected - standing.known;
  const counts = Object.fromEntries(standing.shares);
  const kind = kindOf(step);
  return {
    id: step.name,
    title: step.name,
    subtitle: subtitleOf(step, standing.known, standing.expected, now),
    ...(standing.status === "pending" ? {} : { status: standing.status }),
    counts: left > 0 ? { ...counts, pending: left } : counts,
    ...(kind ? { kind } : {}),
  };
}

function subtitleOf(step: StepView, known: number, expected: number, now: number): string {
  const open = (step.counts?.["running"] ?? 0) + (step.counts?.["retrying"] ?? 0);
  const words: string[] = [];
  if (expected > 1)
    words.push(
      open || expected > known ? `${countText(known - open)} of ${countText(expected)}` : `${countText(known)} tasks`,
    );
  if ((step.reused ?? 0) >= known && known > 0) return [...words, "reused"].join(" · ");
  const end = step.last_finished_at ?? (open ? now : null);
  if (step.first_started_at && end) words.push(durationText(Math.max(0, end - step.first_started_at)));
  const failed = step.counts?.["failed"];
  if (failed) words.push(`${countText(failed)} failed`);
  return words.join(" · ");
}

function edgeOf(edge: EdgeView, graph: GraphView): GraphEdge {
  const source = graph.steps.find(({ name }) => name === edge.source);
  const target = graph.steps.find(({ name }) => name === edge.target);
  const isMany = source?.kind === "foreach" || source?.kind === "parallel";
  const isReached = Object.keys(target?.counts ?? {}).length > 0;
  const label = edge.case ? unquoted(edge.case) : isMany && source?.width ? `× ${countText(source.width)}` : undefined;
  return {
    from: edge.source,
    to: edge.target,
    kind: edge.is_back ? "back" : !isReached ? "idle" : isMany ? "many" : "plain",
    ...(label ? { label } : {}),
  };
}

function unquoted(text: string): string {
  const plain = /^'.*'$|^".*"$/.test(text) ? text.slice(1, -1) : text;
  return plain.length > 20 ? `${plain.slice(0, 19)}…` : plain;
}

/** Count tasks as the stream tells of them, and ask for the whole truth now and then. */
function useLiveCounts(url: string, listen: Listen): void {
  const [statuses] = useState(() => new Map<string, string>());
  useEffect(
    () =>
      listen(({ tasks }) => {
        if (tasks.length === 0) return;
        answers.patch<GraphView>(url, (graph) => counted(graph, tasks, statuses));
        answers.invalidate((each) => each === url);
      }),
    [url, listen, statuses],
  );
}
