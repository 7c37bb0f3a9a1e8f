/** Parts of a view of which one is shown; which one is in the address. */

import "./tabs.css";

import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef } from "react";

import { useQueryState } from "@/router/location";
import { countText } from "@/words/numbers";

export interface Tab {
  readonly id: string;
  readonly name: string;
  /** A number beside the name. */
  readonly count?: number | undefined;
  readonly content: () => ReactNode;
}

export function Tabs({ tabs, name = "tab", label }: { tabs: readonly Tab[]; name?: string; label: string }) {
  const [shown, show] = useQueryState(name, tabs[0]?.id ?? "", { push: true });
  const id = useId();
  const at = Math.max(0, tabs.findIndex((tab) => tab.id === shown));
  const current = tabs[at];
  const move = (event: KeyboardEvent) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    const next = tabs[(at + step + tabs.length) % tabs.length];
    if (!step || !next) return;
    event.preventDefault();
    show(next.id);
    document.getElementById(`${id}-${next.id}`)?.focus();
  };
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const tab = list.current?.children[at];
    // On a phone not all have room: the one that is shown is not half beyond the edge.
    if (list.current && tab instanceof HTMLElement) list.current.scrollLeft = seen(list.current, tab);
  }, [at]);
  return (
    <div className="tabs">
      <div ref={list} className="tab-list" role="tablist" aria-label={label} onKeyDown={move}>
        {tabs.map((tab, index) => (
          <button
            key={tab.id}
            id={`${id}-${tab.id}`}
            type="button"
            role="tab"
            aria-selected={index === at}
            aria-controls={`${id}-panel`}
            tabIndex={index === at ? 0 : -1}
            onClick={() => show(tab.id)}
          >
            {tab.name}
            {tab.count !== undefined && <span className="tab-count number">{countText(tab.count)}</span>}
          </button>
        ))}
      </div>
      <div id={`${id}-panel`} role="tabpanel" aria-labelledby={`${id}-${current?.id ?? ""}`} className="tab-panel">
        {current?.content()}
      </div>
    </div>
  );
}

/** Give how far a list of tabs is to be scrolled so that all of a tab is seen. */
function seen(list: HTMLElement, tab: HTMLElement): number {
  const begin = tab.offsetLeft - list.offsetLeft;
  const end = begin + tab.offsetWidth;
  if (begin < list.scrollLeft) return begin;
  return end > list.scrollLeft + list.clientWidth ? end - list.clientWidth : list.scrollLeft;
}
