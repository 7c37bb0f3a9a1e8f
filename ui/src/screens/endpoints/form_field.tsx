/** One field of the form that asks an endpoint. */

import { useId } from "react";

import { type Field, nameOf } from "@/screens/endpoints/form";

interface Shown {
  readonly field: Field;
  readonly text: string;
  readonly change: (text: string) => void;
  readonly wrong: string | undefined;
}

export function FormField({ field, text, change, wrong }: Shown) {
  const id = useId();
  const isOptional = !field.isNeeded;
  return (
    <div className={wrong ? "try-field wrong" : "try-field"}>
      <label htmlFor={id}>
        <span className="mono">{nameOf(field)}</span>
        {(isOptional || field.mayBeNull) && <span className="faint"> optional</span>}
      </label>
      <Input id={id} field={field} text={text} change={change} wrong={wrong} />
      {wrong ? (
        <span id={`${id}-about`} className="bad-text" role="alert">
          {wrong}
        </span>
      ) : (
        field.hint && (
          <span id={`${id}-about`} className="faint">
            {field.hint}
          </span>
        )
      )}
    </div>
  );
}

function Input({ id, field, text, change, wrong }: Shown & { id: string }) {
  const shared = {
    id,
    "data-name": nameOf(field),
    className: field.kind === "json" ? "field mono" : "field",
    value: text,
    "aria-invalid": wrong !== undefined,
    "aria-required": field.isNeeded && !field.mayBeNull,
    ...(wrong || field.hint ? { "aria-describedby": `${id}-about` } : {}),
  };
  const onChange = (event: { target: { value: string } }) => change(event.target.value);
  if (field.kind === "choice" || field.kind === "boolean") {
    const choices = field.kind === "boolean" ? ["true", "false"] : field.choices;
    return (
      <select {...shared} onChange={onChange}>
        {(!field.isNeeded || field.mayBeNull || text === "") && <option value="">–</option>}
        {choices.map((choice) => (
          <option key={choice} value={choice}>
            {choice.replace(/^"(.*)"$/, "$1")}
          </option>
        ))}
      </select>
    );
  }
  if (field.kind === "number" || field.kind === "integer") {
    return <input {...shared} inputMode={field.kind === "integer" ? "numeric" : "decimal"} autoComplete="off" onChange={onChange} />;
  }
  const rows = Math.min(10, Math.max(1, Math.ceil(text.length / 60), text.split("\n").length));
  return <textarea {...shared} rows={rows} spellCheck={field.kind === "text"} onChange={onChange} />;
}
