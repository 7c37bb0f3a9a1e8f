/** Places for the nodes and edges of a graph (dagre). */

import dagre from "@dagrejs/dagre";

export interface GraphNode {
  readonly id: string;
  readonly title: string;
  /** Below the title: a duration, `8 of 100 tasks`. */
  readonly subtitle?: string;
  readonly status?: string;
  /** It has no state: a value, a file. Else a node without one was not reached (yet). */
  readonly isThing?: boolean;
  /** Number of tasks by status; drawn as a bar when they are several. */
  readonly counts?: Readonly<Record<string, number>>;
  /** A word in the corner: `foreach`, `switch`, `join`, `parallel`. */
  readonly kind?: string;
}

export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  readonly label?: string;
  /** `back`: of a loop; `idle`: not taken (yet). */
  readonly kind?: "plain" | "back" | "idle" | "many";
}

export interface Placed {
  readonly node: GraphNode;
  /** Upper left corner. */
  readonly x: number;
  readonly y: number;
}

export interface PlacedEdge {
  readonly edge: GraphEdge;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

export interface Layout {
  readonly nodes: readonly Placed[];
  readonly edges: readonly PlacedEdge[];
  readonly width: number;
  readonly height: number;
}

export const NODE_WIDTH = 184;
export const NODE_HEIGHT = 54;

/** Place a graph; only its shape counts, so that a change of status moves nothing. */
export function layoutOf(nodes: readonly GraphNode[], edges: readonly GraphEdge[], direction: "LR" | "TB"): Layout {
  const graph = new dagre.graphlib.Graph({ multigraph: true });
  graph.setGraph({ rankdir: direction, nodesep: direction === "LR" ? 22 : 30, ranksep: direction === "LR" ? 56 : 44, marginx: 12, marginy: 12 });
  graph.setDefaultEdgeLabel(() => ({}));
  const known = new Set(nodes.map(({ id }) => id));
  for (const { id } of nodes) graph.setNode(id, { width: NODE_WIDTH, height: NODE_HEIGHT });
  const drawn = edges.filter(({ from, to }) => known.has(from) && known.has(to));
  for (const [index, { from, to, kind }] of drawn.entries()) {
    // Edges back go around: laid out with the others they would turn the loop about, or bend its way forward.
    if (kind !== "back" && from !== to) graph.setEdge(from, to, {}, String(index));
  }
  dagre.layout(graph);
  const size = graph.graph() as { width?: number; height?: number };
  const corner = new Map(
    nodes.map(({ id }) => {
      const { x, y } = graph.node(id) as { x: number; y: number };
      return [id, { x: x - NODE_WIDTH / 2, y: y - NODE_HEIGHT / 2 }] as const;
    }),
  );
  return {
    nodes: nodes.map((node) => ({ node, ...(corner.get(node.id) ?? { x: 0, y: 0 }) })),
    edges: drawn.map((edge, index) => ({ edge, points: pointsOf(graph, edge, index, corner, direction) })),
    width: size.width ?? 0,
    height: size.height ?? 0,
  };
}

/** A smooth path through points. */
export function pathThrough(points: PlacedEdge["points"], direction: "LR" | "TB"): string {
  const [first, ...rest] = points;
  if (!first) return "";
  let path = `M${round(first.x)} ${round(first.y)}`;
  let last = first;
  for (const point of rest) {
    const [cx, cy] = direction === "LR" ? [(last.x + point.x) / 2, last.y] : [last.x, (last.y + point.y) / 2];
    const [dx, dy] = direction === "LR" ? [(last.x + point.x) / 2, point.y] : [point.x, (last.y + point.y) / 2];
    path += `C${round(cx)} ${round(cy)} ${round(dx)} ${round(dy)} ${round(point.x)} ${round(point.y)}`;
    last = point;
  }
  return path;
}

type Corner = ReadonlyMap<string, { x: number; y: number }>;

function pointsOf(
  graph: InstanceType<typeof dagre.graphlib.Graph>,
  edge: GraphEdge,
  index: number,
  corner: Corner,
  direction: "LR" | "TB",
): PlacedEdge["points"] {
  const from = corner.get(edge.from) ?? { x: 0, y: 0 };
  const to = corner.get(edge.to) ?? { x: 0, y: 0 };
  if (edge.kind === "back" || edge.from === edge.to) return around(from, to, direction);
  const found = graph.edge({ v: edge.from, w: edge.to, name: String(index) }) as { points?: { x: number; y: number }[] };
  const middle = (found?.points ?? []).slice(1, -1);
  return direction === "LR"
    ? [{ x: from.x + NODE_WIDTH, y: from.y + NODE_HEIGHT / 2 }, ...middle, { x: to.x - 3, y: to.y + NODE_HEIGHT / 2 }]
    : [{ x: from.x + NODE_WIDTH / 2, y: from.y + NODE_HEIGHT }, ...middle, { x: to.x + NODE_WIDTH / 2, y: to.y - 3 }];
}

/** The way back of a loop, outside of the nodes. */
function around(from: { x: number; y: number }, to: { x: number; y: number }, direction: "LR" | "TB"): PlacedEdge["points"] {
  if (direction === "LR") {
    const low = Math.max(from.y, to.y) + NODE_HEIGHT + 16;
    return [
      { x: from.x + NODE_WIDTH * 0.7, y: from.y + NODE_HEIGHT },
      { x: from.x + NODE_WIDTH * 0.5, y: low },
      { x: to.x + NODE_WIDTH * 0.5, y: low },
      { x: to.x + NODE_WIDTH * 0.3, y: to.y + NODE_HEIGHT + 3 },
    ];
  }
  const right = Math.max(from.x, to.x) + NODE_WIDTH + 18;
  return [
    { x: from.x + NODE_WIDTH, y: from.y + NODE_HEIGHT * 0.5 },
    { x: right, y: from.y + NODE_HEIGHT * 0.4 },
    { x: right, y: to.y + NODE_HEIGHT * 0.6 },
    { x: to.x + NODE_WIDTH + 3, y: to.y + NODE_HEIGHT * 0.5 },
  ];
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
