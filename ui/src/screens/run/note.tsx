/** The note of a run, in Markdown: read in place, written in a dialog. */

import { useState } from "react";

import { may, useMe } from "@/api/session";
import { Confirm } from "@/parts/dialog";
import { Icon } from "@/parts/icon";
import { Prose } from "@/parts/prose";

import { change } from "./actions";
import type { RunView } from "./shapes";

export function Note({ run }: { run: RunView }) {
  const [draft, setDraft] = useState<string | null>(null);
  const canChange = may(useMe(), "runner", run.project ?? "");
  const note = run.note ?? "";
  return (
    <>
      {note ? (
        <div className="run-note">
          <Prose text={note} />
          {canChange && (
            <button type="button" className="button plain small" onClick={() => setDraft(note)}>
              Change
            </button>
          )}
        </div>
      ) : (
        canChange && (
          <button type="button" className="button plain small run-note-add" onClick={() => setDraft("")}>
            <Icon name="plus" size={12} /> note
          </button>
        )
      )}
      {draft !== null && (
        <Confirm
          title={`Note on ${run.path}`}
          action="Keep the note"
          close={() => setDraft(null)}
          act={() => change("PUT", run, "/note", { note: draft })}
        >
          <textarea
            className="field"
            rows={8}
            autoFocus
            aria-label="Note"
            value={draft}
            placeholder="What should whoever reads this know? Markdown."
            onChange={(event) => setDraft(event.target.value)}
          />
        </Confirm>
      )}
    </>
  );
}
