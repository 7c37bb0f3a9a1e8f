/** The steps of a run as a graph: each with how its tasks stand, loops and switches drawn. */

import "./graph.css";

import { useMemo, useRef, useState } from "react";

import { Icon } from "@/parts/icon";
import { StatusIcon, toneOf } from "@/parts/status";
import { useNow } from "@/parts/when";
import { durationText } from "@/words/duration";
import { countText, plural } from "@/words/numbers";

import type { GraphView, StepView } from "../shapes";
import { useSize } from "../timeline/surface";
import { NODE_HEIGHT, NODE_WIDTH, type Placed, type Way, layoutOf } from "./layout";
import { type Standing, openedFor, standingOf } from "./standing";

export function StepGraph({
  graph,
  chosen,
  choose,
}: {
  graph: GraphView;
  /** Name of the step that is looked at. */
  chosen: string;
  choose: (step: string) => void;
}) {
  const box = useRef<HTMLDivElement>(null);
  const { width } = useSize(box);
  const [scale, setScale] = useState(1);
  // Counts change often, the shape hardly ever.
  const shape = graph.steps.map(({ name, width: children }) => `${name}${children ?? ""}`).join();
  const layout = useMemo(() => (width ? layoutOf(graph, width / scale - 4) : null), [shape, width, scale]);
  const steps = useMemo(() => new Map(graph.steps.map((step) => [step.name, step])), [graph]);
  return (
    <div className="graph">
      <div className="graph-tools" role="group" aria-label="Zoom">
        <ZoomButton name="minus" label="Smaller" act={() => setScale(Math.max(0.4, scale / 1.25))} />
        <ZoomButton name="plus" label="Larger" act={() => setScale(Math.min(2, scale * 1.25))} />
        {layout && width > 0 && (
          <ZoomButton name="fit" label="Fit" act={() => setScale(Math.max(0.4, Math.min(1, width / layout.width)))} />
        )}
      </div>
      <div ref={box} className="graph-box" tabIndex={0} role="region" aria-label="Graph">
        {layout && (
          <div className="graph-plane" style={{ width: layout.width * scale, height: layout.height * scale }}>
            <div className="graph-scaled" style={{ transform: `scale(${scale})`, width: layout.width, height: layout.height }}>
              <Ways ways={layout.ways} width={layout.width} height={layout.height} steps={steps} />
              {layout.nodes.map((placed) => {
                const step = steps.get(placed.step.name) ?? placed.step;
                return (
                  <Node
                    key={step.name}
                    placed={placed}
                    step={step}
                    standing={standingOf(step, openedFor(step, graph.steps))}
                    isChosen={chosen === step.name}
                    choose={choose}
                  />
                );
              })}
            </div>
          </div>
        )}
      </div>
    </div>
  );
}

function ZoomButton({ name, label, act }: { name: "plus" | "minus" | "fit"; label: string; act: () => void }) {
  return (
    <button type="button" className="button icon small" aria-label={label} title={label} onClick={act}>
      <Icon name={name} size={14} />
    </button>
  );
}

function Ways({ ways, width, height, steps }: { ways: readonly Way[]; width: number; height: number; steps: ReadonlyMap<string, StepView> }) {
  const isTaken = ({ edge }: Way) => {
    const target = steps.get(edge.target)?.counts;
    return target !== undefined && Object.keys(target).length > 0;
  };
  return (
    <svg className="graph-ways" width={width} height={height} aria-hidden>
      <defs>
        <marker id="graph-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse">
          <path d="M0 .8 7.2 4 0 7.2z" />
        </marker>
      </defs>
      {ways.map((way, index) => (
        <path
          key={index}
          className={`graph-way${isTaken(way) ? " taken" : ""}${way.edge.is_back ? " back" : ""}`}
          d={way.path}
          markerEnd="url(#graph-arrow)"
        />
      ))}
      {ways.map(
        ({ word }, index) =>
          word && (
            <g key={index} className="graph-word">
              <rect x={word.x - wide(word.text) / 2} y={word.y - 9} width={wide(word.text)} height="18" rx="9" />
              <text x={word.x} y={word.y + 4} textAnchor="middle">
                {word.text}
              </text>
            </g>
          ),
      )}
    </svg>
  );
}

function wide(text: string): number {
  return 14 + text.length * 6.4;
}

interface NodeProps {
  placed: Placed;
  step: StepView;
  standing: Standing;
  isChosen: boolean;
  choose: (step: string) => void;
}

function Node({ placed, step, standing, isChosen, choose }: NodeProps) {
  const { status, known, expected } = standing;
  const isMany = (step.level?.length ?? 0) > 0 || expected > 1;
  return (
    <button
      type="button"
      className={`graph-node ${toneOf(status)}${isMany ? " many" : ""}${known === 0 ? " empty" : ""}`}
      style={{ left: placed.x, top: placed.y, width: NODE_WIDTH, height: NODE_HEIGHT }}
      aria-pressed={isChosen}
      aria-label={`${step.name}: ${status}, ${plural(known, "task")}`}
      title={step.name}
      onClick={() => choose(step.name)}
    >
      <span className="graph-node-top">
        <StatusIcon status={status} isSilent />
        <span className="graph-node-name cut">{step.name}</span>
        <span className="graph-node-count number">{countOf(standing, isMany)}</span>
      </span>
      <span className="graph-node-bottom">
        <span className="cut">{kindText(step)}</span>
        <StepTime step={step} />
      </span>
      <ShareBar standing={standing} />
    </button>
  );
}

function countOf({ shares, expected, known }: Standing, isMany: boolean): string {
  if (!isMany || known === 0) return "";
  const open = shares.reduce((sum, [status, count]) => (status === "running" || status === "retrying" ? sum + count : sum), 0);
  const done = known - open;
  return done === expected ? countText(expected) : `${countText(done)}/${countText(expected)}`;
}

/** What a step is, in a word or two. */
export function kindText(step: StepView): string {
  const words: string[] = [];
  if (step.is_join) words.push("join");
  if (step.kind === "foreach") words.push(`each of ${step.attribute ?? "items"}`);
  if (step.kind === "parallel") words.push("gang");
  if (step.kind === "switch") words.push(`by ${step.attribute ?? "case"}`);
  if (step.kind === "split") words.push("split");
  if (step.waits_at_gate) words.unshift("needs approval");
  return words.join(", ");
}

function StepTime({ step }: { step: StepView }) {
  const { first_started_at: from, last_finished_at: to } = step;
  if (!from || Object.keys(step.counts ?? {}).length === 0) return null;
  return <span className="number graph-node-time">{to ? durationText(Math.max(0, to - from)) : <Going from={from} />}</span>;
}

function Going({ from }: { from: number }) {
  return durationText(Math.max(0, Math.floor(useNow() - from)));
}

/** Tasks by status as parts of one bar; what is still to come stays empty. */
export function ShareBar({ standing }: { standing: Standing }) {
  const { shares, expected } = standing;
  return (
    <span className="share-bar" aria-hidden>
      {shares.map(([status, count]) => (
        <i key={status} className={toneOf(status)} style={{ width: `${(count / Math.max(1, expected)) * 100}%` }} />
      ))}
    </span>
  );
}
