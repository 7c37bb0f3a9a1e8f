/** What a task came from and what it read. */

import { Empty } from "@/parts/empty";
import { StatusIcon } from "@/parts/status";
import { When } from "@/parts/when";
import { Link } from "@/router/link";
import { sizeText } from "@/words/numbers";

import { pageOf } from "../run/use_run";
import type { Neighbours, TaskView } from "./shapes";

export function Inputs({ task }: { task: TaskView }) {
  const files = Object.entries(task.files ?? {});
  return (
    <div className="stack">
      <div className="neighbours">
        <Side title="Follows" tasks={task.parents} empty="It is the first" />
        <Side title="Is followed by" tasks={task.children} empty="Nothing yet" />
      </div>
      <section className="card">
        <header>
          <h2>Read</h2>
          <span className="muted">what its reuse depends on</span>
        </header>
        {task.reads.length === 0 ? (
          <Empty isSmall title="It read no artifacts" />
        ) : (
          <ul className="reads">
            {task.reads.map(({ name, digest }) => (
              <li key={name}>
                <span className="cut">{name}</span>
                <Link className="mono" to={`/artifacts/${digest}`}>
                  {digest.slice(0, 12)}
                </Link>
              </li>
            ))}
          </ul>
        )}
      </section>
      {files.length > 0 && (
        <section className="card">
          <header>
            <h2>Data files</h2>
          </header>
          <table className="plain-table">
            <tbody>
              {files.map(([path, file]) => (
                <tr key={path}>
                  <th scope="row" className="mono">
                    {path}
                  </th>
                  <td className="number">{sizeText(file.size_bytes)}</td>
                  <td className="muted">
                    {file.modified_at ? (
                      <>
                        changed <When at={file.modified_at} />
                      </>
                    ) : null}
                  </td>
                  <td className="mono muted">{file.digest?.slice(0, 12)}</td>
                  <td className="mono muted">{file.head}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </div>
  );
}

function Side({ title, tasks, empty }: { title: string; tasks: Neighbours; empty: string }) {
  return (
    <section className="card">
      <header>
        <h2>{title}</h2>
      </header>
      <div className="body">
        {tasks.rows.length === 0 ? (
          <p className="muted">{empty}</p>
        ) : (
          <ul className="task-links">
            {tasks.rows.map(({ path, step, label, status }) => (
              <li key={path}>
                <Link className="task-link" to={pageOf(path)}>
                  <StatusIcon status={status} />
                  <span>
                    {step}/{label}
                  </span>
                </Link>
              </li>
            ))}
          </ul>
        )}
        {tasks.has_more && <p className="muted">and more</p>}
      </div>
    </section>
  );
}
