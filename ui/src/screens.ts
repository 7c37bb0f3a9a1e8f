/** The views of the page: their addresses, names and code, which is loaded when a view is first opened. */

import { type ComponentType, type LazyExoticComponent, lazy } from "react";

import type { IconName } from "@/parts/icon";
import { type PathParts, matchPath } from "@/router/match";

/** What a screen is given: the named parts of its address. */
export interface ScreenProps {
  readonly parts: PathParts;
}

export type Screen = ComponentType<ScreenProps>;

interface Entry {
  readonly pattern: string;
  /** Folder below `screens/`; its `index.tsx` exports the screen by default. */
  readonly folder: string;
  readonly title: (parts: PathParts) => string;
}

const ENTRIES: readonly Entry[] = [
  { pattern: "/", folder: "home", title: () => "Home" },
  { pattern: "/runs", folder: "runs", title: () => "Runs" },
  { pattern: "/runs/:flow/:label", folder: "run", title: ({ flow, label }) => `${flow}/${label}` },
  {
    pattern: "/runs/:flow/:label/:step/:task",
    folder: "task",
    title: ({ flow, label, step, task }) => `${flow}/${label}/${step}/${task}`,
  },
  { pattern: "/flows/:flow", folder: "flow", title: ({ flow }) => flow ?? "" },
  { pattern: "/compare", folder: "compare", title: () => "Compare" },
  { pattern: "/artifacts/*path", folder: "artifacts", title: ({ path }) => path || "Artifacts" },
  { pattern: "/deployments/*path", folder: "deployments", title: ({ path }) => path || "Deployments" },
  { pattern: "/schedules", folder: "schedules", title: () => "Schedules" },
  { pattern: "/approvals", folder: "approvals", title: () => "Approvals" },
  { pattern: "/endpoints/*path", folder: "endpoints", title: ({ path }) => path || "Endpoints" },
  { pattern: "/events", folder: "events", title: () => "Events" },
  { pattern: "/alerts/*path", folder: "alerts", title: () => "Alerts" },
  { pattern: "/settings", folder: "settings", title: () => "Settings" },
  ...(import.meta.env.DEV ? [{ pattern: "/dev/gallery", folder: "gallery", title: () => "Gallery" }] : []),
];

/** What the navigation lists, in its order; `key` goes there after `g`. */
export const PLACES: readonly { to: string; name: string; icon: IconName; key: string }[] = [
  { to: "/", name: "Home", icon: "home", key: "h" },
  { to: "/runs", name: "Runs", icon: "runs", key: "r" },
  { to: "/artifacts", name: "Artifacts", icon: "artifacts", key: "a" },
  { to: "/deployments", name: "Deployments", icon: "deployments", key: "d" },
  { to: "/schedules", name: "Schedules", icon: "schedules", key: "s" },
  { to: "/endpoints", name: "Endpoints", icon: "endpoints", key: "e" },
  { to: "/approvals", name: "Approvals", icon: "approvals", key: "p" },
  { to: "/events", name: "Events", icon: "events", key: "v" },
  { to: "/alerts", name: "Alerts", icon: "alerts", key: "l" },
  { to: "/settings", name: "Settings", icon: "settings", key: "," },
];

type Loaded = { default: Screen };

const LOADERS = import.meta.glob<Loaded>(["./screens/*/index.tsx", "!./screens/gallery/index.tsx", "!./screens/sign_in/*"]);
if (import.meta.env.DEV) Object.assign(LOADERS, import.meta.glob<Loaded>("./screens/gallery/index.tsx"));
const SCREENS = new Map<string, LazyExoticComponent<Screen>>();
for (const [path, load] of Object.entries(LOADERS)) SCREENS.set(path.split("/")[2] ?? "", lazy(load));

/** Begin to load the code of an address's view, so that it is there when the first answers are. */
export function preloadScreen(path: string): void {
  const entry = ENTRIES.find(({ pattern }) => matchPath(pattern, path));
  if (entry) void LOADERS[`./screens/${entry.folder}/index.tsx`]?.().catch(() => undefined);
}

/** Find the view of an address; null when there is none. */
export function findScreen(path: string): { Screen: Screen; parts: PathParts; title: string; pattern: string } | null {
  for (const { pattern, folder, title } of ENTRIES) {
    const parts = matchPath(pattern, path);
    const Screen = SCREENS.get(folder);
    if (parts && Screen) return { Screen, parts, title: title(parts), pattern };
  }
  return null;
}
