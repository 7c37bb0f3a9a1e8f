/** Keys that work everywhere, and those that a view adds. */

import { useEffect, useRef } from "react";

/** What a key does, and how it is called in the list of keys. */
export interface KeyAction {
  readonly keys: string;
  readonly name: string;
  readonly act: (event: KeyboardEvent) => void;
}

/** The keys of the shell and of the views that are shown, for the list. */
export const shownKeys = new Set<readonly KeyAction[]>();

/**
 * Listen for keys while the component is shown. `keys` is one key (`j`, `/`, `Escape`), or two in a row (`g h`).
 * Nothing happens while somebody writes into a field or a dialog is open.
 */
export function useKeys(actions: readonly KeyAction[]): void {
  const latest = useRef(actions);
  latest.current = actions;
  useEffect(() => {
    let first = "";
    let firstAt = 0;
    const listed = latest.current;
    shownKeys.add(listed);
    const listen = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isBusy(event.target)) return;
      const pair = event.timeStamp - firstAt < 1200 ? `${first} ${event.key}` : "";
      const action =
        latest.current.find(({ keys }) => keys === pair) ?? latest.current.find(({ keys }) => keys === event.key);
      if (action) {
        event.preventDefault();
        first = "";
        action.act(event);
      } else {
        first = event.key;
        firstAt = event.timeStamp;
      }
    };
    window.addEventListener("keydown", listen);
    return () => {
      shownKeys.delete(listed);
      window.removeEventListener("keydown", listen);
    };
  }, []);
}

/** Put the cursor into the view's filter: what `/` does. */
export function focusFilter(): void {
  const field = document.querySelector<HTMLInputElement>("[data-filter]");
  field?.focus();
  field?.select();
}

function isBusy(target: EventTarget | null): boolean {
  if (document.querySelector("dialog[open]")) return true;
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}
