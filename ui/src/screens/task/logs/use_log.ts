/** A task's log, read in parts as the reader moves, followed while it is written, searched by the server. */

import { useCallback, useEffect, useRef, useState } from "react";

import { type Problem, get } from "@/api/client";
import { problemOfError } from "@/api/problem";
import { useStream } from "@/api/use_stream";

import { LogFile, type LogPage, type LogRow } from "./log_file";

const PART = 1500;

export interface Log {
  readonly file: LogFile;
  /** Grows when the file does. */
  readonly version: number;
  readonly problem: Problem | undefined;
  readonly isLoading: boolean;
  /** Read what comes before; gives how many lines that were. */
  readonly earlier: () => Promise<number>;
  /** Read what comes behind; gives how many lines were dropped in front. */
  readonly later: () => Promise<number>;
  /** Show what is around an offset; Infinity = the end. Gives the line that it lies in. */
  readonly goTo: (offset: number) => Promise<number>;
}

/** Follow a log. `ask` makes addresses: `ask("/search", {text})`. */
export function useLog(
  ask: (rest: string, query?: Record<string, string | number | undefined>) => string,
  attempt: number,
  stream: string,
): Log {
  const [file, setFile] = useState(() => new LogFile());
  const [version, setVersion] = useState(0);
  const [problem, setProblem] = useState<Problem>();
  const [isLoading, setLoading] = useState(true);
  const isBusy = useRef(false);
  const grown = () => setVersion((count) => count + 1);
  const key = ask("", { attempt, stream: stream || undefined });
  const page = useCallback(
    (query: Record<string, string | number | undefined>) =>
      get<LogPage>(ask("", { attempt, stream: stream || undefined, limit: PART, ...query })),
    [key],
  );
  useEffect(() => {
    let isGone = false;
    const next = new LogFile();
    setLoading(true);
    setProblem(undefined);
    page({})
      .then((found) => {
        if (isGone) return;
        next.open(found);
        setFile(next);
        grown();
      })
      .catch((error: unknown) => !isGone && setProblem(problemOfError(error)))
      .finally(() => !isGone && setLoading(false));
    return () => {
      isGone = true;
    };
  }, [page]);
  const isFollowed = !isLoading && !problem && !file.isOver;
  useStream(
    isFollowed ? ask("/stream", { attempt }) : null,
    (events) => {
      let isChanged = false;
      for (const { name, data } of events) {
        if (name === "lines") {
          const { rows, end } = JSON.parse(data) as { rows: readonly LogRow[]; end: number };
          // Where the reader has gone back, the window does not reach the end: what comes is only counted.
          if (file.isAtEnd && (rows[0]?.offset ?? 0) <= file.end)
            file.append(stream ? rows.filter((row) => row.stream === stream) : rows, end);
          else file.size = Math.max(file.size, end);
          isChanged = true;
        } else if (name === "end") {
          file.isOver = true;
          isChanged = true;
        }
      }
      if (isChanged) grown();
    },
    { after: String(file.end) },
  );
  const once = async (act: () => Promise<number>): Promise<number> => {
    if (isBusy.current) return 0;
    isBusy.current = true;
    try {
      return await act();
    } catch (error) {
      setProblem(problemOfError(error));
      return 0;
    } finally {
      isBusy.current = false;
    }
  };
  return {
    file,
    version,
    problem,
    isLoading,
    earlier: () =>
      once(async () => {
        if (file.isAtStart) return 0;
        const found = await page({ before: file.begin });
        const added = file.prepend(found.rows, found.begin);
        grown();
        return added;
      }),
    later: () =>
      once(async () => {
        if (file.isAtEnd) return 0;
        const found = await page({ offset: file.end });
        const over = file.append(found.rows, found.end);
        file.size = Math.max(file.size, found.size);
        grown();
        return over;
      }),
    goTo: (offset) =>
      once(async () => {
        const known = file.indexOf(offset);
        if (known >= 0) return known;
        if (offset === Infinity) file.open(await page({}));
        else {
          file.open(await page({ offset }));
          if (file.begin > 0) {
            const before = await page({ before: file.begin, limit: 200 });
            file.prepend(before.rows, before.begin);
          }
        }
        grown();
        return offset === Infinity ? file.lines.length - 1 : Math.max(0, file.indexOf(offset));
      }),
  };
}
