/** What made a value and what was made of it, as a graph to draw. */

import type { Ancestry, Node } from "@/api/schema";
import type { GraphEdge, GraphNode } from "@/parts/graph_layout";
import { pathOf } from "@/router/match";
import { type Use, type ValueView, shortType } from "@/screens/artifacts/shapes";

/** Tasks of a side that the short picture shows; the tables have the rest. */
const MOST = 12;

export interface Drawn {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
  /** Where a node leads. */
  readonly links: ReadonlyMap<string, string>;
  /** The value that it is about. */
  readonly root: string;
  /** Nodes of the longest column, for the height. */
  readonly rows: number;
}

/** Draw what is known around a value, several tasks both ways. */
export function drawnAncestry({ root, nodes, ties }: Ancestry): Drawn {
  const links = new Map<string, string>();
  const columns = new Map<number, number>();
  const drawn = nodes.map((node): GraphNode => {
    const to = linkOfNode(node);
    if (to) links.set(node.id, to);
    columns.set(node.distance, (columns.get(node.distance) ?? 0) + 1);
    return {
      id: node.id,
      title: node.name,
      subtitle: subtitleOf(node),
      isThing: node.kind !== "task",
      ...(node.status ? { status: node.status } : {}),
      ...(node.kind === "artifact" || node.kind === "task" ? {} : { kind: node.kind }),
    };
  });
  const edges = ties.map(({ source, target }): GraphEdge => ({ from: source, to: target }));
  return { nodes: drawn, edges, links, root, rows: Math.max(1, ...columns.values()) };
}

function subtitleOf({ kind, type = "", path }: Node): string {
  if (kind === "artifact" || kind === "parameter") return shortType(type) || kind;
  if (kind === "task") return path.split("/").slice(0, 2).join("/");
  return kind === "service" ? "answers from it" : path;
}

function linkOfNode({ kind, digest, name, path }: Node): string | null {
  if ((kind === "artifact" || kind === "parameter") && digest) return pathOf("artifacts", digest);
  if (kind === "task") return pathOf("runs", ...path.split("/"));
  return kind === "service" ? pathOf("endpoints", name.slice(0, name.lastIndexOf("/"))) : null;
}

/** Draw the tasks that set and read a value, when no more is known. */
export function drawnUses(value: ValueView, name: string): Drawn {
  const nodes: GraphNode[] = [{ id: "value", title: name, subtitle: shortType(value.type), isThing: true }];
  const edges: GraphEdge[] = [];
  const links = new Map<string, string>();
  const add = (node: GraphNode, to: string, isBefore: boolean) => {
    nodes.push(node);
    edges.push(isBefore ? { from: node.id, to: "value" } : { from: "value", to: node.id });
    links.set(node.id, to);
  };
  const uses = (some: readonly Use[], isBefore: boolean) => {
    for (const use of some.slice(0, MOST)) {
      const id = `${isBefore ? "made" : "used"} ${use.task}`;
      add({ id, title: use.step, subtitle: use.run, status: use.status }, taskLink(use), isBefore);
    }
  };
  uses(value.made_by, true);
  uses(value.used_by, false);
  for (const { service, number } of value.services.slice(0, MOST)) {
    add({ id: `service ${service}/${number}`, title: service, subtitle: `version ${number}`, kind: "service", isThing: true }, pathOf("endpoints", service), false);
  }
  const after = Math.min(MOST, value.used_by.length) + Math.min(MOST, value.services.length);
  return { nodes, edges, links, root: "value", rows: Math.max(1, Math.min(MOST, value.made_by.length), after) };
}

/** The page of the task that set or read a value. */
export function taskLink(use: Pick<Use, "run" | "step" | "label">): string {
  const [flow = "", label = ""] = use.run.split("/");
  return pathOf("runs", flow, label, use.step, use.label);
}
