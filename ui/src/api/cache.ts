/**
 * Answers of the API by their address: asked once for all who show them, kept while they are shown, asked again
 * when the stream says that they changed.
 */

import { type Problem, get } from "@/api/client";
import { problemOfError } from "@/api/problem";

/** What is known of an answer. The object is replaced, never changed. */
export interface Known<Answer> {
  readonly data: Answer | undefined;
  /** Why the latest try failed; the data of an earlier one is kept beside it. */
  readonly problem: Problem | undefined;
  readonly isLoading: boolean;
}

interface Entry {
  known: Known<unknown>;
  listeners: Set<() => void>;
  /** Time of the latest request, in milliseconds. */
  askedAt: number;
  /** Milliseconds that the latest answer took. */
  took: number;
  isStale: boolean;
  timer: ReturnType<typeof setTimeout> | undefined;
  abort: AbortController | undefined;
}

const NOTHING: Known<unknown> = { data: undefined, problem: undefined, isLoading: true };
/** An address is asked again at most so often, in milliseconds ... */
const REST_MS = 250;
/** ... and rests so many times as long as its latest answer took, so that slow ones do not fill the line. */
const REST_TIMES = 4;
/** Answers that nobody shows are forgotten beyond this many. */
const KEPT = 60;

type Ask = (url: string, signal: AbortSignal) => Promise<unknown>;

/** A cache of answers; the page has one, tests make their own. */
export class Answers {
  private readonly entries = new Map<string, Entry>();

  constructor(
    private readonly ask: Ask = get,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** What is known of an address; asks nothing. */
  known<Answer>(url: string): Known<Answer> {
    return (this.entries.get(url)?.known ?? NOTHING) as Known<Answer>;
  }

  /** Follow an address, asking it when nothing fresh is known. Gives back how to stop. */
  follow(url: string, listener: () => void): () => void {
    const entry = this.entry(url);
    entry.listeners.add(listener);
    if (entry.isStale) this.load(url, entry);
    return () => {
      entry.listeners.delete(listener);
      if (entry.listeners.size === 0) {
        clearTimeout(entry.timer);
        entry.timer = undefined;
        entry.isStale = true;
        this.forgetOld();
      }
    };
  }

  /** The answers whose address passes the test are no longer true: shown ones are asked again, soon. */
  invalidate(concerns: (url: string) => boolean): void {
    for (const [url, entry] of this.entries) if (concerns(url)) this.refresh(url, entry);
  }

  /** Replace an answer by what the stream told of it; nothing happens when it is not known. */
  patch<Answer>(url: string, change: (data: Answer) => Answer): void {
    const entry = this.entries.get(url);
    if (entry?.known.data === undefined) return;
    this.tell(entry, { ...entry.known, data: change(entry.known.data as Answer) });
  }

  /** Forget everything: somebody else signed in. */
  clear(): void {
    for (const entry of this.entries.values()) entry.abort?.abort();
    this.entries.clear();
  }

  private entry(url: string): Entry {
    let entry = this.entries.get(url);
    if (!entry) {
      entry = {
        known: NOTHING,
        listeners: new Set(),
        askedAt: -Infinity,
        took: 0,
        isStale: true,
        timer: undefined,
        abort: undefined,
      };
      this.entries.set(url, entry);
    }
    return entry;
  }

  private refresh(url: string, entry: Entry): void {
    entry.isStale = true;
    if (entry.listeners.size === 0 || entry.timer !== undefined) return;
    const rest = Math.max(REST_MS, REST_TIMES * entry.took);
    const wait = Math.max(0, entry.askedAt + rest - this.now());
    entry.timer = setTimeout(() => {
      entry.timer = undefined;
      if (entry.isStale && entry.listeners.size > 0) this.load(url, entry);
    }, wait);
  }

  private load(url: string, entry: Entry): void {
    if (entry.abort) return;
    const abort = new AbortController();
    entry.abort = abort;
    entry.isStale = false;
    entry.askedAt = this.now();
    const done = (known: Known<unknown>) => {
      if (entry.abort !== abort) return;
      entry.abort = undefined;
      entry.took = this.now() - entry.askedAt;
      this.tell(entry, known);
      // Something changed while the answer was under way.
      if (entry.isStale) this.refresh(url, entry);
    };
    this.ask(url, abort.signal).then(
      (data) => done({ data, problem: undefined, isLoading: false }),
      (error: unknown) => {
        if (!abort.signal.aborted) done({ data: entry.known.data, problem: problemOfError(error), isLoading: false });
      },
    );
  }

  private tell(entry: Entry, known: Known<unknown>): void {
    entry.known = known;
    for (const listener of entry.listeners) listener();
  }

  private forgetOld(): void {
    const unused = [...this.entries].filter(([, entry]) => entry.listeners.size === 0);
    unused.sort(([, one], [, other]) => one.askedAt - other.askedAt);
    for (const [url] of unused.slice(0, Math.max(0, unused.length - KEPT))) this.entries.delete(url);
  }
}

/** The page's answers. */
export const answers = new Answers();
