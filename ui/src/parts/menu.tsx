/** A button that opens a small list of things to choose. */

import "./menu.css";

import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from "react";

export function Menu({
  label,
  button,
  children,
  className = "button plain icon",
  title,
  align = "right",
}: {
  /** For who cannot see the button. */
  label: string;
  button: ReactNode;
  /** `MenuItem`s and what stands between them; called with how to close the list. */
  children: (close: () => void) => ReactNode;
  className?: string;
  title?: string;
  align?: "left" | "right";
}) {
  const [isOpen, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  const id = useId();
  useEffect(() => {
    if (!isOpen) return undefined;
    const leave = (event: Event) => {
      if (!box.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener("pointerdown", leave);
    document.addEventListener("focusin", leave);
    itemsOf(box.current)[0]?.focus();
    return () => {
      document.removeEventListener("pointerdown", leave);
      document.removeEventListener("focusin", leave);
    };
  }, [isOpen]);
  const close = () => {
    setOpen(false);
    opener.current?.focus();
  };
  const move = (event: KeyboardEvent) => {
    if (event.key === "Escape" && isOpen) {
      event.preventDefault();
      event.stopPropagation();
      close();
    }
    if (event.target instanceof HTMLInputElement && event.target.type === "text") return;
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (!step) return;
    event.preventDefault();
    const items = itemsOf(box.current);
    const at = items.indexOf(document.activeElement as HTMLElement);
    items[(at + step + items.length) % items.length]?.focus();
  };
  return (
    <div className="menu" ref={box} onKeyDown={move}>
      <button
        type="button"
        ref={opener}
        className={className}
        aria-label={label}
        aria-expanded={isOpen}
        aria-controls={isOpen ? id : undefined}
        title={title}
        onClick={() => setOpen(!isOpen)}
      >
        {button}
      </button>
      {isOpen && (
        <div id={id} className={`menu-list ${align}`} role="group" aria-label={label}>
          {children(close)}
        </div>
      )}
    </div>
  );
}

/** One thing to choose; `isChosen` draws a mark for choices that hold. */
export function MenuItem({
  children,
  act,
  isChosen,
  isDangerous = false,
}: {
  children: ReactNode;
  act: () => void;
  isChosen?: boolean;
  isDangerous?: boolean;
}) {
  return (
    <button
      type="button"
      className={isDangerous ? "menu-item dangerous" : "menu-item"}
      data-item
      {...(isChosen === undefined ? {} : { "aria-pressed": isChosen })}
      onClick={act}
    >
      {isChosen !== undefined && <span className="menu-mark">{isChosen ? "✓" : ""}</span>}
      {children}
    </button>
  );
}

function itemsOf(box: HTMLElement | null): HTMLElement[] {
  return box ? [...box.querySelectorAll<HTMLElement>(".menu-list :is([data-item], input)")] : [];
}
