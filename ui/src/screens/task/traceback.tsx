/** The frames of a traceback: the user's open with their variables, those of libraries folded together. */

import { useState } from "react";

import type { FileView } from "@/api/schema";
import { useQuery } from "@/api/use_query";
import { Code } from "@/parts/code";
import { Icon } from "@/parts/icon";
import { plural } from "@/words/numbers";

import { runUrl } from "../run/use_run";
import { type FrameGroup, groupsOf, relativeTo } from "./frames";
import type { Frame } from "./shapes";

export { whereOf } from "./frames";

interface Shown {
  readonly root: string;
  readonly flow: string;
  readonly label: string;
}

export function Traceback({ frames, ...shown }: { frames: readonly Frame[] } & Shown) {
  if (frames.length === 0) return null;
  const groups = groupsOf(frames);
  return (
    <ol className="traceback">
      {groups.map((group, index) => (
        <Group key={index} group={group} isLast={index === groups.length - 1} {...shown} />
      ))}
    </ol>
  );
}

function Group({ group, isLast, ...shown }: { group: FrameGroup; isLast: boolean } & Shown) {
  const [isOpen, setOpen] = useState(group.isUser);
  if (group.isUser)
    return group.frames.map((frame, index) => (
      <UserFrame key={index} frame={frame} isRaising={isLast && index === group.frames.length - 1} {...shown} />
    ));
  return (
    <li className="frames-folded">
      <button type="button" className="plain-link" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        <Icon name={isOpen ? "down" : "right"} size={12} /> {plural(group.frames.length, "frame")} in {group.name}
      </button>
      {isOpen && group.frames.map((frame, index) => <FrameLine key={index} frame={frame} root={shown.root} />)}
    </li>
  );
}

function FrameLine({ frame, root }: { frame: Frame; root: string }) {
  return (
    <div className="frame">
      <p className="frame-where">
        <span className="mono">
          {relativeTo(frame.file, root)}:{frame.line}
        </span>{" "}
        <span className="faint">in</span> <span className="mono">{frame.function}</span>
      </p>
      {frame.text && <pre className="frame-text">{frame.text}</pre>}
    </div>
  );
}

/** Lines of source around the one that failed. */
const AROUND = 4;

function UserFrame({ frame, isRaising, root, flow, label }: { frame: Frame; isRaising: boolean } & Shown) {
  const path = relativeTo(frame.file, root);
  const isOwn = path !== frame.file;
  const { data: source } = useQuery<FileView>(
    isOwn ? runUrl(flow, label, `/code/${path.split("/").map(encodeURIComponent).join("/")}`) : null,
  );
  const lines = source?.text?.split("\n");
  const isSame = lines?.[frame.line - 1]?.trim() === frame.text?.trim();
  const first = Math.max(1, frame.line - AROUND);
  const locals = Object.entries(frame.locals ?? {});
  return (
    <li className={isRaising ? "frame user raising" : "frame user"}>
      <p className="frame-where">
        <span className="mono strong">
          {path}:{frame.line}
        </span>{" "}
        <span className="faint">in</span> <span className="mono">{frame.function}</span>
      </p>
      {lines && isSame ? (
        <Code
          text={lines.slice(first - 1, frame.line + 2).join("\n")}
          first={first}
          marked={[frame.line]}
          label={`${path}, line ${frame.line}`}
        />
      ) : (
        frame.text && (
          <Code text={frame.text} first={frame.line} marked={[frame.line]} label={`${path}, line ${frame.line}`} />
        )
      )}
      {locals.length > 0 && (
        <dl className="locals" aria-label="Variables">
          {locals.map(([name, value]) => (
            <div key={name}>
              <dt className="mono">{name}</dt>
              <dd className="mono">{value}</dd>
            </div>
          ))}
        </dl>
      )}
    </li>
  );
}
