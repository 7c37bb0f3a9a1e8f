/** Where the steps of a run stand and how the ways between them go. */

import { graphlib, layout } from "@dagrejs/dagre";

import type { EdgeView, GraphView, StepView } from "../shapes";

export const NODE_WIDTH = 212;
export const NODE_HEIGHT = 62;
const MARGIN = 14;
/** How far a loop's way back goes around, and how far apart two of them are. */
const DETOUR = 26;

export interface Placed {
  readonly step: StepView;
  /** Upper left corner. */
  readonly x: number;
  readonly y: number;
}

export interface Way {
  readonly edge: EdgeView;
  /** SVG path. */
  readonly path: string;
  /** Where its word stands; null = it has none. */
  readonly word: { readonly x: number; readonly y: number; readonly text: string } | null;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly Placed[];
  readonly ways: readonly Way[];
  readonly isAcross: boolean;
}

/** Lay out a graph from left to right where that fits the width, else from top to bottom. */
export function layoutOf(graph: GraphView, room: number): Layout {
  const across = placed(graph, true);
  return across.width <= Math.max(room, 2 * NODE_WIDTH) ? across : placed(graph, false);
}

interface Point {
  readonly x: number;
  readonly y: number;
}

function placed(graph: GraphView, isAcross: boolean): Layout {
  const plan = new graphlib.Graph({ multigraph: true });
  plan.setGraph({
    rankdir: isAcross ? "LR" : "TB",
    nodesep: isAcross ? 22 : 30,
    ranksep: isAcross ? 54 : 42,
    edgesep: 16,
    marginx: MARGIN,
    marginy: MARGIN,
  });
  plan.setDefaultEdgeLabel(() => ({}));
  for (const { name } of graph.steps) plan.setNode(name, { width: NODE_WIDTH, height: NODE_HEIGHT });
  const forward = graph.edges.filter((edge) => !edge.is_back);
  for (const [index, edge] of forward.entries()) {
    const text = wordOf(edge, graph);
    const size = text ? { width: Math.min(120, 8 + text.length * 7), height: 18, labelpos: "c" as const } : {};
    plan.setEdge(edge.source, edge.target, size, String(index));
  }
  layout(plan);
  const nodes = graph.steps.map((step) => {
    const { x, y } = plan.node(step.name) as Point;
    return { step, x: x - NODE_WIDTH / 2, y: y - NODE_HEIGHT / 2 };
  });
  const ways = forward.map((edge, index): Way => {
    const { points = [], x, y } = plan.edge(edge.source, edge.target, String(index)) as {
      points?: readonly Point[];
      x?: number;
      y?: number;
    };
    const text = wordOf(edge, graph);
    return {
      edge,
      path: curve(points, isAcross),
      word: text && x !== undefined && y !== undefined ? { x, y, text } : null,
    };
  });
  const back = graph.edges.filter((edge) => edge.is_back).map((edge, index) => wayBack(edge, nodes, index, isAcross));
  const all = plan.graph() as { width?: number; height?: number };
  const detour = back.length ? DETOUR * (back.length + 1) : 0;
  return {
    width: Math.ceil((all.width ?? 0) + (isAcross ? 0 : detour + (back.length ? 50 : 0))),
    height: Math.ceil((all.height ?? 0) + (isAcross ? detour : 0)),
    nodes,
    ways: [...ways, ...back],
    isAcross,
  };
}

/** What is written on a way: the case of a switch, the number of children of a foreach. */
export function wordOf(edge: EdgeView, graph: GraphView): string {
  if (edge.case) return shortened(unquoted(edge.case));
  const source = graph.steps.find(({ name }) => name === edge.source);
  if (source?.kind === "foreach") return source.width ? `× ${source.width}` : "× each";
  if (source?.kind === "parallel") return source.width ? `× ${source.width}` : "× gang";
  return "";
}

function unquoted(text: string): string {
  return /^'.*'$|^".*"$/.test(text) ? text.slice(1, -1) : text;
}

function shortened(text: string): string {
  return text.length > 16 ? `${text.slice(0, 15)}…` : text;
}

/** A smooth line through points, leaving and arriving along the direction of the graph. */
function curve(points: readonly Point[], isAcross: boolean): string {
  const [first, ...rest] = points;
  if (!first) return "";
  let path = `M${at(first)}`;
  let from = first;
  for (const to of rest) {
    const [one, other] = isAcross
      ? [{ x: (from.x + to.x) / 2, y: from.y }, { x: (from.x + to.x) / 2, y: to.y }]
      : [{ x: from.x, y: (from.y + to.y) / 2 }, { x: to.x, y: (from.y + to.y) / 2 }];
    path += `C${at(one)} ${at(other)} ${at(to)}`;
    from = to;
  }
  return path;
}

/** The way back of a loop goes around everything that lies between its ends. */
function wayBack(edge: EdgeView, nodes: readonly Placed[], index: number, isAcross: boolean): Way {
  const from = nodes.find(({ step }) => step.name === edge.source);
  const to = nodes.find(({ step }) => step.name === edge.target);
  if (!from || !to) return { edge, path: "", word: null };
  const text = edge.case ? shortened(unquoted(edge.case)) : "again";
  const far = DETOUR * (index + 1);
  if (isAcross) {
    const between = nodes.filter(({ x }) => x >= Math.min(from.x, to.x) && x <= Math.max(from.x, to.x));
    const bottom = Math.max(...between.map(({ y }) => y)) + NODE_HEIGHT + far;
    const [start, end] = [from.x + NODE_WIDTH / 2, to.x + NODE_WIDTH / 2 - (from === to ? 30 : 0)];
    const path = `M${start} ${from.y + NODE_HEIGHT}V${bottom - 8}Q${start} ${bottom} ${start - 8} ${bottom}H${end + 8}Q${end} ${bottom} ${end} ${bottom - 8}V${to.y + NODE_HEIGHT + 1}`;
    return { edge, path, word: { x: (start + end) / 2, y: bottom, text } };
  }
  const between = nodes.filter(({ y }) => y >= Math.min(from.y, to.y) && y <= Math.max(from.y, to.y));
  const right = Math.max(...between.map(({ x }) => x)) + NODE_WIDTH + far;
  const [start, end] = [from.y + NODE_HEIGHT / 2, to.y + NODE_HEIGHT / 2 - (from === to ? 16 : 0)];
  const path = `M${from.x + NODE_WIDTH} ${start}H${right - 8}Q${right} ${start} ${right} ${start - 8}V${end + 8}Q${right} ${end} ${right - 8} ${end}H${to.x + NODE_WIDTH + 1}`;
  return { edge, path, word: { x: right, y: (start + end) / 2, text } };
}

function at({ x, y }: Point): string {
  return `${Math.round(x * 10) / 10} ${Math.round(y * 10) / 10}`;
}
