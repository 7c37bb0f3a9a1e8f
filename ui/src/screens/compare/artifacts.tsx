/** Artifacts that are not the same in all runs, with what they are in each. */

import { useState } from "react";

import { Empty } from "@/parts/empty";
import { Preview } from "@/parts/preview";
import { Link } from "@/router/link";
import { plural, sizeText } from "@/words/numbers";

import { type ShownValue, glimpse, previewOf } from "../task/values";
import type { CompareView, ComparedArtifact } from "./shapes";
import { ColumnHeads } from "./tables";

export function Artifacts({ view }: { view: CompareView }) {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  if (view.artifacts.length === 0) return <Empty isSmall title="Every artifact is the same, to the last bit" />;
  const toggle = (name: string) => {
    const next = new Set(open);
    if (!next.delete(name)) next.add(name);
    setOpen(next);
  };
  return (
    <div className="stack tight">
      <p className="muted">
        {plural(view.counts["artifacts"] ?? view.artifacts.length, "artifact")} differ; equal ones have equal digests
        and are left out
      </p>
      <div className="card compare-scroll">
        <table className="compare-table">
          <ColumnHeads runs={view.runs} first="Artifact" />
          <tbody>
            {view.artifacts.map((artifact) => (
              <ArtifactRow
                key={artifact.name}
                artifact={artifact}
                isOpen={open.has(artifact.name)}
                toggle={() => toggle(artifact.name)}
              />
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}

function ArtifactRow({
  artifact,
  isOpen,
  toggle,
}: {
  artifact: ComparedArtifact;
  isOpen: boolean;
  toggle: () => void;
}) {
  const { name, digests, values } = artifact;
  return (
    <tr className="different">
      <th scope="row">
        <button type="button" className="plain-link" aria-expanded={isOpen} onClick={toggle}>
          {isOpen ? "▾" : "▸"} {name}
        </button>
      </th>
      {digests.map((digest, index) => (
        <td key={index} className={index > 0 && digest === digests[0] ? "same" : index > 0 ? "other" : undefined}>
          <Value
            digest={digest}
            value={values[index] ?? null}
            isSame={index > 0 && digest === digests[0]}
            isOpen={isOpen}
          />
        </td>
      ))}
    </tr>
  );
}

function Value({
  digest,
  value,
  isSame,
  isOpen,
}: {
  digest: string | null;
  value: ShownValue | null;
  isSame: boolean;
  isOpen: boolean;
}) {
  if (digest === null) return <span className="faint">none</span>;
  if (isSame && !isOpen) return <span className="faint">= baseline</span>;
  return (
    <div className="stack tight">
      <span className="row">
        {value ? <span className="cut">{glimpse(value)}</span> : <span className="mono">{digest.slice(0, 12)}</span>}
        {value && <span className="faint number">{sizeText(value.size)}</span>}
      </span>
      {isOpen && value && <Preview of={previewOf(value)} />}
      {isOpen && (
        <Link className="mono" to={`/artifacts/${digest}`}>
          {digest.slice(0, 12)}
        </Link>
      )}
    </div>
  );
}
