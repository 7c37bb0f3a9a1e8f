/** What a run was given: parameters, constants, seed and the command line. */

import { Command } from "@/parts/copy";
import { Empty } from "@/parts/empty";

import type { ParameterView, RunView } from "./shapes";

export function ParametersTab({ run }: { run: RunView }) {
  const parameters = run.values.filter(({ is_constant }) => !is_constant);
  const constants = run.values.filter(({ is_constant }) => is_constant);
  return (
    <div className="stack">
      {run.command.length > 0 && <Command text={run.command.map(quoted).join(" ")} />}
      {run.values.length === 0 ? (
        <Empty isSmall title="This flow has no parameters">
          <code>alpha = Parameter("alpha", default=0.5)</code> in the class makes one
        </Empty>
      ) : (
        <>
          <Values title="Parameters" values={parameters} />
          <Values title="Constants" values={constants} />
        </>
      )}
      <dl className="facts">
        <dt>Seed</dt>
        <dd className="mono">{run.seed}</dd>
        <dt>Folder</dt>
        <dd className="mono">{run.code.root}</dd>
        {run.namespace && (
          <>
            <dt>Namespace</dt>
            <dd>{run.namespace}</dd>
          </>
        )}
      </dl>
    </div>
  );
}

function Values({ title, values }: { title: string; values: readonly ParameterView[] }) {
  if (values.length === 0) return null;
  return (
    <section className="card">
      <header>
        <h2>{title}</h2>
      </header>
      <table className="plain-table">
        <tbody>
          {values.map((each) => {
            const text = valueOf(each.value);
            const isChanged =
              each.default !== undefined && each.default !== null && each.default !== JSON.stringify(each.value);
            return (
              <tr key={each.name}>
                <th scope="row">{each.name}</th>
                <td>
                  <code className={isChanged ? "value changed" : "value"}>{text}</code>
                  {isChanged && <span className="faint"> default {each.default}</span>}
                </td>
                <td className="muted">{each.help}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

/** A value as people write it. */
export function valueOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
