/** Takes the frames of a traceback apart into the user's own and those of libraries. */

import type { Frame } from "./shapes";

export interface FrameGroup {
  readonly isUser: boolean;
  /** The library. */
  readonly name: string;
  readonly frames: readonly Frame[];
}

/** Put neighbouring frames of one owner together. Where no frame is the user's, the last one counts as it. */
export function groupsOf(frames: readonly Frame[]): FrameGroup[] {
  const hasUser = frames.some(({ is_user }) => is_user);
  const groups: { isUser: boolean; name: string; frames: Frame[] }[] = [];
  for (const [index, frame] of frames.entries()) {
    const isUser = hasUser ? Boolean(frame.is_user) : index === frames.length - 1;
    const name = isUser ? "" : libraryOf(frame.file);
    const last = groups.at(-1);
    if (last && last.isUser === isUser && last.name === name) last.frames.push(frame);
    else groups.push({ isUser, name, frames: [frame] });
  }
  return groups;
}

/** Where the user's code was when it failed: `churn.py, line 84, in train`; empty when nothing is known. */
export function whereOf(frames: readonly Frame[], root: string): string {
  const frame = frames.findLast(({ is_user }) => is_user) ?? frames.at(-1);
  return frame ? `${relativeTo(frame.file, root)}, line ${frame.line}, in ${frame.function}` : "";
}

/** Give a path below a folder; as it is when it lies elsewhere. */
export function relativeTo(file: string, root: string): string {
  const folder = root.endsWith("/") ? root : `${root}/`;
  return root && file.startsWith(folder) ? file.slice(folder.length) : file;
}

/** `.../site-packages/pandas/core/frame.py` -> `pandas`. */
export function libraryOf(file: string): string {
  const installed = /(?:site|dist)-packages\/([^/]+)/.exec(file);
  if (installed?.[1]) return installed[1].replace(/\.py$/, "");
  const standard = /\/python3(?:\.\d+)?\/([^/]+)/.exec(file);
  return (standard?.[1] ?? file.split("/").at(-1) ?? file).replace(/\.py$/, "");
}
