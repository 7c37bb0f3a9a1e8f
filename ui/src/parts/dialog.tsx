/** Windows over the page: the browser's own dialog, so that focus stays inside and Escape closes it. */

import "./dialog.css";

import { type ReactNode, useEffect, useId, useRef, useState } from "react";

import type { Problem } from "@/api/client";
import { problemOfError } from "@/api/problem";
import { Icon } from "@/parts/icon";
import { ProblemNote } from "@/parts/problem";

export function Dialog({
  title,
  close,
  children,
  foot,
  isWide = false,
}: {
  title: string;
  close: () => void;
  children: ReactNode;
  /** Buttons. */
  foot?: ReactNode;
  isWide?: boolean;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const shown = dialog.current;
    if (shown && !shown.open) shown.showModal();
    return () => shown?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      className={isWide ? "dialog wide" : "dialog"}
      aria-labelledby={id}
      onCancel={(event) => (event.preventDefault(), close())}
      onMouseDown={(event) => event.target === dialog.current && close()}
    >
      <div className="dialog-box">
        <header>
          <h2 id={id}>{title}</h2>
          <button type="button" className="button plain icon push" aria-label="Close" onClick={close}>
            <Icon name="close" />
          </button>
        </header>
        <div className="dialog-body">{children}</div>
        {foot && <footer>{foot}</footer>}
      </div>
    </dialog>
  );
}

/**
 * Ask before something is done: the children say what will change. Stays open and says why when it fails.
 * `word` must be typed first, for what cannot be taken back.
 */
export function Confirm({
  title,
  action,
  act,
  close,
  children,
  isDangerous = false,
  word,
}: {
  title: string;
  /** What the button says: a verb. */
  action: string;
  act: () => Promise<unknown>;
  close: () => void;
  children: ReactNode;
  isDangerous?: boolean;
  word?: string;
}) {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const [typed, setTyped] = useState("");
  const run = () => {
    setBusy(true);
    setProblem(undefined);
    act().then(close, (error: unknown) => {
      setProblem(problemOfError(error));
      setBusy(false);
    });
  };
  return (
    <Dialog
      title={title}
      close={close}
      foot={
        <>
          <button type="button" className="button" onClick={close}>
            Cancel
          </button>
          <button
            type="button"
            className={isDangerous ? "button danger" : "button primary"}
            disabled={isBusy || (word !== undefined && typed !== word)}
            onClick={run}
          >
            {action}
          </button>
        </>
      }
    >
      <div className="stack tight">
        {children}
        {word !== undefined && (
          <label className="stack tight">
            <span>
              Type <code>{word}</code> to go on
            </span>
            <input className="field" value={typed} autoComplete="off" onChange={(event) => setTyped(event.target.value)} />
          </label>
        )}
        {problem && <ProblemNote problem={problem} />}
      </div>
    </Dialog>
  );
}
