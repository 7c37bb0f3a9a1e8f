/** Where the view stands: `Runs / Churn / 17 / train / 4`, each part a link. */

import { Link } from "@/router/link";
import { pathOf } from "@/router/match";

export interface Crumb {
  readonly name: string;
  readonly to: string;
}

/** Give the parts of an address with where each leads. */
export function crumbsOf(path: string): Crumb[] {
  const pieces = path.split("/").filter(Boolean).map(decode);
  const [place = "", ...rest] = pieces;
  if (!place) return [{ name: "Home", to: "/" }];
  const crumbs: Crumb[] = [{ name: capitalized(place), to: pathOf(place) }];
  if (place === "compare") return [{ name: "Runs", to: "/runs" }, { name: "Compare", to: "/compare" }];
  if (place === "flows") {
    return [{ name: "Runs", to: "/runs" }, ...rest.slice(0, 1).map((flow) => ({ name: flow, to: pathOf("flows", flow) }))];
  }
  if (place === "runs") {
    const [flow, label, step, task] = rest;
    if (flow !== undefined) crumbs.push({ name: flow, to: pathOf("flows", flow) });
    if (flow !== undefined && label !== undefined) crumbs.push({ name: label, to: pathOf("runs", flow, label) });
    if (flow !== undefined && label !== undefined && step !== undefined && task !== undefined) {
      crumbs.push({ name: step, to: `${pathOf("runs", flow, label)}?step=${encodeURIComponent(step)}` });
      crumbs.push({ name: task, to: pathOf("runs", flow, label, step, task) });
    }
    return crumbs;
  }
  for (const [index, name] of rest.entries()) crumbs.push({ name, to: pathOf(place, ...rest.slice(0, index + 1)) });
  return crumbs;
}

export function Crumbs({ path }: { path: string }) {
  const crumbs = crumbsOf(path);
  return (
    <nav className="crumbs" aria-label="Breadcrumbs">
      <ol>
        {crumbs.map(({ name, to }, index) => (
          <li key={`${to}${index}`}>
            {index === crumbs.length - 1 ? (
              <span aria-current="page" className="cut">
                {name}
              </span>
            ) : (
              <Link to={to} className="cut">
                {name}
              </Link>
            )}
          </li>
        ))}
      </ol>
    </nav>
  );
}

function capitalized(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

function decode(piece: string): string {
  try {
    return decodeURIComponent(piece);
  } catch {
    return piece;
  }
}
