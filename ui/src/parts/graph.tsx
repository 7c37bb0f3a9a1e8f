/** A graph of steps: moved by dragging, enlarged by the wheel with Ctrl or by buttons, walked through by arrow keys. */

import "./graph.css";

import { type KeyboardEvent, type PointerEvent, useCallback, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "react";

import {
  type GraphEdge,
  type GraphNode,
  type Layout,
  NODE_HEIGHT,
  NODE_WIDTH,
  type Placed,
  layoutOf,
  pathThrough,
} from "@/parts/graph_layout";
import { Icon } from "@/parts/icon";
import { StatusIcon, lookOf } from "@/parts/status";
import { countText } from "@/words/numbers";

export type { GraphEdge, GraphNode } from "@/parts/graph_layout";

interface View {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

const BAR_ORDER = ["succeeded", "reused", "caught", "running", "retrying", "waiting", "failed", "lost", "cancelled"];

export function Graph({
  nodes,
  edges,
  label,
  direction = "LR",
  selected,
  onSelect,
  height = 360,
}: {
  nodes: readonly GraphNode[];
  edges: readonly GraphEdge[];
  /** For who cannot see it: `Steps of Churn/17`. */
  label: string;
  direction?: "LR" | "TB";
  selected?: string | null;
  onSelect?: (id: string) => void;
  height?: number;
}) {
  const box = useRef<HTMLDivElement>(null);
  const id = useId().replaceAll(":", "");
  const shape = JSON.stringify([nodes.map((node) => node.id), edges, direction]);
  const layout = useMemo(() => layoutOf(nodes, edges, direction), [shape]);
  const [view, setView, fit] = useView(box, layout);
  const drag = useDrag(view, setView);
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const move = (event: KeyboardEvent) => {
    const next = neighbour(layout.nodes, selected ?? null, event.key);
    if (next && onSelect) {
      event.preventDefault();
      onSelect(next);
      box.current?.querySelector<HTMLElement>(`[data-node="${CSS.escape(next)}"]`)?.focus();
    }
  };
  return (
    <div className="graph" style={{ height }} onKeyDown={move}>
      <div ref={box} className="graph-box" {...drag}>
        <svg width="100%" height="100%" role="group" aria-label={label}>
          <defs>
            {["plain", "idle"].map((kind) => (
              <marker key={kind} id={`${id}-${kind}`} viewBox="0 0 8 8" refX="6" refY="4" markerWidth="7" markerHeight="7" orient="auto">
                <path className={`graph-arrow ${kind}`} d="M0 .8 7 4 0 7.2z" />
              </marker>
            ))}
          </defs>
          <g transform={`translate(${view.x} ${view.y}) scale(${view.scale})`}>
            {layout.edges.map(({ edge, points }, index) => (
              <g key={index}>
                <path
                  className={`graph-edge ${edge.kind ?? "plain"}`}
                  d={pathThrough(points, direction)}
                  markerEnd={`url(#${id}-${edge.kind === "idle" ? "idle" : "plain"})`}
                />
                {edge.label && <EdgeLabel text={edge.label} points={points} />}
              </g>
            ))}
            {layout.nodes.map(({ node, x, y }) => (
              <Node
                key={node.id}
                node={byId.get(node.id) ?? node}
                x={x}
                y={y}
                isSelected={selected === node.id}
                {...(onSelect ? { onSelect } : {})}
              />
            ))}
          </g>
        </svg>
      </div>
      <div className="graph-tools">
        <Tool name="Enlarge" icon="plus" act={() => setView(zoomed(view, 1.25, box.current))} />
        <Tool name="Make smaller" icon="minus" act={() => setView(zoomed(view, 0.8, box.current))} />
        <Tool name="Show all" icon="fit" act={fit} />
      </div>
    </div>
  );
}

function Node({
  node,
  x,
  y,
  isSelected,
  onSelect,
}: {
  node: GraphNode;
  x: number;
  y: number;
  isSelected: boolean;
  onSelect?: (id: string) => void;
}) {
  const total = Object.values(node.counts ?? {}).reduce((sum, count) => sum + count, 0);
  const look = node.status ? lookOf(node.status) : "idle";
  const act = () => onSelect?.(node.id);
  return (
    <g
      className={`graph-node tone-${look}${isSelected ? " selected" : ""}${node.status || node.isThing ? "" : " unreached"}`}
      transform={`translate(${x} ${y})`}
      data-node={node.id}
      tabIndex={0}
      role="button"
      aria-pressed={isSelected}
      data-status={node.status ?? ""}
      onClick={act}
      onKeyDown={(event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        event.stopPropagation();
        act();
      }}
    >
      <rect className="graph-card" width={NODE_WIDTH} height={NODE_HEIGHT} rx="8" />
      <rect className="graph-side" x="0.5" y="9" width="3" height={NODE_HEIGHT - 18} rx="1.5" />
      <foreignObject width={NODE_WIDTH} height={NODE_HEIGHT}>
        <div className="graph-text">
          <div className="row">
            {node.status ? <StatusIcon status={node.status} /> : !node.isThing && <StatusIcon status="none" isSilent />}{" "}
            <span className="cut strong">{node.title}</span>{" "}
            {node.kind && <span className="graph-kind">{node.kind}</span>}
          </div>
          <div className="row">
            <span className="cut muted number">{node.subtitle ?? " "}</span>
          </div>
        </div>
      </foreignObject>
      {total > 1 && <Bar counts={node.counts ?? {}} total={total} />}
    </g>
  );
}

function Bar({ counts, total }: { counts: Readonly<Record<string, number>>; total: number }) {
  const width = NODE_WIDTH - 24;
  let at = 12;
  const known = Object.entries(counts).sort(([one], [other]) => orderOf(one) - orderOf(other));
  return (
    <g>
      <title>{known.map(([status, count]) => `${countText(count)} ${status}`).join(", ")}</title>
      {known.map(([status, count]) => {
        const size = (count / total) * width;
        const x = at;
        at += size;
        return (
          <rect key={status} className={`graph-part tone-${lookOf(status)}`} x={x} y={NODE_HEIGHT - 9} width={Math.max(0, size - 0.5)} height="3.5" rx="1" />
        );
      })}
    </g>
  );
}

function EdgeLabel({ text, points }: { text: string; points: readonly Point[] }) {
  const { x, y } = halfway(points);
  return (
    <text className="graph-label" x={x} y={y + 4}>
      {text}
    </text>
  );
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** The middle of a way. */
function halfway(points: readonly Point[]): Point {
  const lengths = points.map((point, index) => {
    const before = points[index - 1];
    return before ? Math.hypot(point.x - before.x, point.y - before.y) : 0;
  });
  let rest = lengths.reduce((sum, length) => sum + length, 0) / 2;
  for (const [index, length] of lengths.entries()) {
    const [from, to] = [points[index - 1], points[index]];
    if (from && to && rest <= length) {
      const share = length > 0 ? rest / length : 0;
      return { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share };
    }
    rest -= length;
  }
  return points[0] ?? { x: 0, y: 0 };
}

function Tool({ name, icon, act }: { name: string; icon: "plus" | "minus" | "fit"; act: () => void }) {
  return (
    <button type="button" className="button plain icon small" aria-label={name} title={name} onClick={act}>
      <Icon name={icon} size={14} />
    </button>
  );
}

function useView(
  box: React.RefObject<HTMLDivElement | null>,
  layout: Layout,
): [View, (view: View) => void, () => void] {
  const [view, setView] = useState<View>({ x: 0, y: 0, scale: 1 });
  const latest = useRef(view);
  latest.current = view;
  const fit = useCallback(() => {
    const place = box.current;
    if (!place || layout.width === 0) return;
    const scale = Math.min(1, place.clientWidth / layout.width, place.clientHeight / layout.height);
    const kept = Math.max(scale, 0.35);
    setView({
      scale: kept,
      x: scale < kept ? 0 : (place.clientWidth - layout.width * kept) / 2,
      y: Math.max(0, (place.clientHeight - layout.height * kept) / 2),
    });
  }, [box, layout]);
  useLayoutEffect(fit, [fit]);
  useEffect(() => {
    const place = box.current;
    if (!place) return undefined;
    const size = new ResizeObserver(fit);
    size.observe(place);
    const wheel = (event: WheelEvent) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const at = place.getBoundingClientRect();
      const factor = Math.exp(-event.deltaY / 300);
      setView(zoomed(latest.current, factor, place, event.clientX - at.left, event.clientY - at.top));
    };
    place.addEventListener("wheel", wheel, { passive: false });
    return () => {
      size.disconnect();
      place.removeEventListener("wheel", wheel);
    };
  }, [box, fit]);
  return [view, setView, fit];
}

function zoomed(view: View, factor: number, box: HTMLElement | null, x?: number, y?: number): View {
  const scale = Math.max(0.1, Math.min(2.5, view.scale * factor));
  const atX = x ?? (box?.clientWidth ?? 0) / 2;
  const atY = y ?? (box?.clientHeight ?? 0) / 2;
  const change = scale / view.scale;
  return { scale, x: atX - (atX - view.x) * change, y: atY - (atY - view.y) * change };
}

function useDrag(view: View, setView: (view: View) => void) {
  const from = useRef<{ x: number; y: number; view: View } | null>(null);
  return {
    onPointerDown: (event: PointerEvent<HTMLDivElement>) => {
      if (event.button === 0) from.current = { x: event.clientX, y: event.clientY, view };
    },
    onPointerMove: (event: PointerEvent<HTMLDivElement>) => {
      const start = from.current;
      if (!start) return;
      const dx = event.clientX - start.x;
      const dy = event.clientY - start.y;
      if (Math.abs(dx) + Math.abs(dy) < 4) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      setView({ ...start.view, x: start.view.x + dx, y: start.view.y + dy });
    },
    onPointerUp: () => {
      from.current = null;
    },
    onPointerCancel: () => {
      from.current = null;
    },
  };
}

const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowRight: [1, 0],
  ArrowLeft: [-1, 0],
  ArrowDown: [0, 1],
  ArrowUp: [0, -1],
};

/** The nearest node in the direction of an arrow key. */
function neighbour(nodes: readonly Placed[], selected: string | null, key: string): string | null {
  const [dx, dy] = ARROWS[key] ?? [0, 0];
  if (!dx && !dy) return null;
  const from = nodes.find(({ node }) => node.id === selected);
  if (!from) return nodes[0]?.node.id ?? null;
  let best: { id: string; far: number } | null = null;
  for (const { node, x, y } of nodes) {
    const along = (x - from.x) * dx + (y - from.y) * dy;
    const across = Math.abs((x - from.x) * dy) + Math.abs((y - from.y) * dx);
    const far = along + across * 2;
    if (along > 1 && (!best || far < best.far)) best = { id: node.id, far };
  }
  return best?.id ?? null;
}

function orderOf(status: string): number {
  const at = BAR_ORDER.indexOf(status);
  return at < 0 ? BAR_ORDER.length : at;
}
