/** A filter that asks a moment after the last key, so that typing does not. */

import { useEffect, useState } from "react";

/** Milliseconds after the last key. */
const PAUSE = 200;

export function SearchField({
  name,
  value,
  onChange,
  isFilter = false,
}: {
  /** Says what is looked through. */
  name: string;
  value: string;
  onChange: (value: string) => void;
  /** `/` goes there; one a view. */
  isFilter?: boolean;
}) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (text === value) return undefined;
    const timer = setTimeout(() => onChange(text), PAUSE);
    return () => clearTimeout(timer);
  }, [text, value, onChange]);
  return (
    <input
      className="field"
      type="search"
      placeholder={name}
      aria-label={name}
      {...(isFilter ? { "data-filter": true } : {})}
      value={text}
      onChange={(event) => setText(event.target.value)}
    />
  );
}
