/** A choice of one of a few, side by side. */

import "./switch.css";

import type { ReactNode } from "react";

export interface Option {
  readonly id: string;
  readonly name: string;
  readonly icon?: ReactNode;
}

export function Switch({
  label,
  options,
  chosen,
  choose,
}: {
  label: string;
  options: readonly Option[];
  chosen: string;
  choose: (id: string) => void;
}) {
  return (
    <span className="switch" role="group" aria-label={label}>
      {options.map(({ id, name, icon }) => (
        <button key={id} type="button" aria-pressed={id === chosen} onClick={() => choose(id)}>
          {icon}
          {name}
        </button>
      ))}
    </span>
  );
}
