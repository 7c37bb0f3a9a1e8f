/** A value of JSON as a tree whose parts open and close. */

import "./json_tree.css";

import { useState } from "react";

import { Icon } from "@/parts/icon";
import { plural } from "@/words/numbers";

/** Members shown of one list or object before asking for more. */
const SHOWN = 100;

export function JsonTree({ value, name, depth = 0 }: { value: unknown; name?: string; depth?: number }) {
  const isBranch = typeof value === "object" && value !== null;
  const [isOpen, setOpen] = useState(depth < 2);
  const [most, setMost] = useState(SHOWN);
  const key = name === undefined ? null : <span className="json-key">{name}</span>;
  if (!isBranch) {
    return (
      <div className="json-row">
        {key}
        <span className={`json-${value === null ? "null" : typeof value}`}>{JSON.stringify(value) ?? String(value)}</span>
      </div>
    );
  }
  const members = Object.entries(value);
  const size = Array.isArray(value) ? plural(members.length, "element") : plural(members.length, "field");
  return (
    <div className="json">
      <button type="button" className="json-row" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        <Icon name={isOpen ? "down" : "right"} size={10} />
        {key}
        <span className="faint">{size}</span>
      </button>
      {isOpen && (
        <div className="json-members">
          {members.slice(0, most).map(([each, member]) => (
            <JsonTree key={each} name={each} value={member} depth={depth + 1} />
          ))}
          {members.length > most && (
            <button type="button" className="json-row" onClick={() => setMost(most + 1000)}>
              {plural(members.length - most, "more", "more")}
            </button>
          )}
        </div>
      )}
    </div>
  );
}
