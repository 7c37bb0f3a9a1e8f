/** Find and go: screens, flows, runs by their path, and what can be done anywhere. */

import "./palette.css";

import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from "react";

import type { Page } from "@/api/use_query";
import { useSmoothQuery } from "@/api/use_query";
import { bestRole, signOut, useMe } from "@/api/session";
import { apiUrl } from "@/api/client";
import type { DeploymentRow, ServiceRow } from "@/api/schema";
import type { RunSummary } from "@/api/shapes";
import { Icon, type IconName } from "@/parts/icon";
import { StatusIcon } from "@/parts/status";
import { When } from "@/parts/when";
import { navigate } from "@/router/location";
import { pathOf } from "@/router/match";
import { PLACES } from "@/screens";
import { type Choice, rank } from "@/shell/rank";
import { useWaitingForMe, waitingText } from "@/shell/waiting";
import { chooseTheme } from "@/theme/theme";

interface Row extends Choice {
  readonly group: string;
  readonly act: () => void;
  readonly icon: IconName | { readonly status: string };
  readonly aside?: React.ReactNode;
}

export function Palette({ close, showKeys }: { close: () => void; showKeys: () => void }) {
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  const rows = useRows(text, showKeys);
  const chosen = Math.min(at, rows.length - 1);
  useEffect(() => {
    const shown = dialog.current;
    if (shown && !shown.open) shown.showModal();
    return () => shown?.close();
  }, []);
  useEffect(() => {
    document.getElementById(`${id}-${chosen}`)?.scrollIntoView({ block: "nearest" });
  }, [id, chosen]);
  const choose = (row: Row | undefined) => {
    if (!row) return;
    close();
    row.act();
  };
  const onKey = (event: KeyboardEvent) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step) {
      event.preventDefault();
      setAt((chosen + step + rows.length) % Math.max(1, rows.length));
    } else if (event.key === "Enter") {
      event.preventDefault();
      choose(rows[chosen]);
    }
  };
  return (
    <dialog
      ref={dialog}
      className="palette"
      aria-label="Search or jump to"
      onCancel={(event) => (event.preventDefault(), close())}
      onMouseDown={(event) => event.target === dialog.current && close()}
    >
      <div className="palette-box" onKeyDown={onKey}>
        <div className="palette-field">
          <Icon name="search" />
          <input
            // The reader asked for it by a key or a button.
            autoFocus
            role="combobox"
            aria-expanded
            aria-controls={`${id}-list`}
            aria-activedescendant={rows.length > 0 ? `${id}-${chosen}` : undefined}
            aria-label="Search or jump to"
            placeholder="A screen, a flow, a run such as Churn/17, a deployment, an endpoint, an action"
            value={text}
            spellCheck={false}
            onChange={(event) => {
              setText(event.target.value);
              setAt(0);
            }}
          />
          <kbd>Esc</kbd>
        </div>
        <div id={`${id}-list`} role="listbox" aria-label="Results" className="palette-list">
          {rows.map((row, index) => (
            <div key={row.group + row.name} role="presentation">
              {rows[index - 1]?.group !== row.group && (
                <p className="palette-group" role="presentation">
                  {row.group}
                </p>
              )}
              <div
                id={`${id}-${index}`}
                role="option"
                aria-selected={index === chosen}
                className="palette-row"
                onMouseMove={() => setAt(index)}
                onClick={() => choose(row)}
              >
                {typeof row.icon === "string" ? <Icon name={row.icon} /> : <StatusIcon status={row.icon.status} />}
                <span className="cut">{row.name}</span>
                <span className="palette-aside">{row.aside}</span>
              </div>
            </div>
          ))}
          {rows.length === 0 && <p className="palette-none">Nothing is called so. Runs are found by their path: Churn/17</p>}
        </div>
      </div>
    </dialog>
  );
}

function useRows(text: string, showKeys: () => void): Row[] {
  const newest = useSmoothQuery<Page<RunSummary>>(apiUrl("/runs", { limit: 100 }));
  const waiting = useWaitingForMe();
  const wanted = text.trim();
  const asked = useSmoothQuery<Page<RunSummary>>(wanted.length > 1 ? apiUrl("/runs", { search: wanted, limit: 20 }) : null);
  const deployments = useSmoothQuery<Page<DeploymentRow>>(apiUrl("/deployments", { limit: 500 }));
  const services = useSmoothQuery<Page<ServiceRow>>(apiUrl("/services", { limit: 500 }));
  const settings = bestRole(useMe()) === "admin" ? SETTINGS : NOT_ADMINS_SETTINGS;
  return useMemo(() => {
    const runs = newest.data?.rows ?? [];
    const more = wanted.length > 1 ? (asked.data?.rows ?? []) : [];
    const found = [...new Map([...runs, ...more].map((run) => [run.path, run])).values()];
    const flows = [...new Set(found.map((run) => run.flow))];
    const rows: Row[] = [
      ...PLACES.map(
        ({ to, name, icon, key }): Row => ({
          group: "Go to",
          name,
          icon,
          aside: (
            <>
              {to === "/approvals" && waiting.length > 0 && `${waitingText(waiting.length)} for you `}
              <kbd>g {key}</kbd>
            </>
          ),
          act: () => navigate(to),
        }),
      ),
      ...(wanted ? settings : []),
      ...waiting.slice(0, 5).map(
        (each): Row => ({
          group: "Waits for you",
          name: each.kind === "step" ? `${each.run} at ${each.step}` : `${each.target} to version ${each.number}`,
          words: ["approve", "reject", "approval"],
          icon: { status: "waiting" },
          aside: <When at={each.asked_at} />,
          act: () => navigate("/approvals"),
        }),
      ),
      ...flows.map(
        (flow): Row => ({
          group: "Flows",
          name: flow,
          icon: "branch",
          aside: "its runs",
          act: () => navigate(`/runs?flow=${encodeURIComponent(flow)}`),
        }),
      ),
      ...(wanted ? (deployments.data?.rows ?? []) : []).map(
        ({ alias: { target, stands } }): Row => ({
          group: "Deployments",
          name: target,
          icon: { status: stands },
          aside: stands,
          act: () => navigate(pathOf("deployments", target)),
        }),
      ),
      ...(wanted ? (services.data?.rows ?? []) : []).map(
        ({ service, stands }): Row => ({
          group: "Endpoints",
          name: service,
          icon: { status: stands },
          aside: stands,
          act: () => navigate(pathOf("endpoints", service)),
        }),
      ),
      ...found.map(
        (run): Row => ({
          group: "Runs",
          name: run.path,
          words: [run.user, ...(run.tags ?? [])],
          icon: { status: run.status },
          aside: <When at={run.started_at} />,
          act: () => navigate(pathOf("runs", run.flow, run.label)),
        }),
      ),
      ...ACTIONS,
      { group: "Actions", name: "Show the keys", icon: "help", aside: <kbd>?</kbd>, act: showKeys },
    ];
    return rank(rows, text, { Runs: text ? 12 : 5, Flows: text ? 8 : 4, Deployments: 8, Endpoints: 8 });
  }, [text, wanted, newest.data, asked.data, deployments.data, services.data, settings, waiting, showKeys]);
}

const SETTINGS: readonly Row[] = (["Tokens", "Accounts", "Audit log"] as const).map((name) => ({
  group: "Go to",
  name,
  icon: "settings",
  aside: "in the settings",
  act: () => navigate(`/settings?tab=${name.split(" ")[0]?.toLowerCase()}`),
}));

const NOT_ADMINS_SETTINGS = SETTINGS.slice(0, 1);

const ACTIONS: readonly Row[] = [
  { group: "Actions", name: "Theme: light", icon: "sun", act: () => chooseTheme("light") },
  { group: "Actions", name: "Theme: dark", icon: "moon", act: () => chooseTheme("dark") },
  { group: "Actions", name: "Theme: as the system", icon: "system", act: () => chooseTheme("system") },
  {
    group: "Actions",
    name: "Copy the link to this view",
    icon: "copy",
    act: () => void navigator.clipboard.writeText(location.href),
  },
  { group: "Actions", name: "Sign out", icon: "out", act: () => void signOut() },
];
