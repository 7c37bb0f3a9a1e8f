/**
 * Live streams: opened again by themselves where they broke off, handed on once a frame, and closed while nobody
 * looks at the page, since a browser opens only six connections to a server for all its tabs.
 */

import { EventReader, type StreamEvent } from "@/api/event_reader";

export type StreamState = "connecting" | "live" | "broken" | "ended";

export interface StreamOptions {
  /** Takes what came since the last frame, in order. */
  readonly onEvents: (events: readonly StreamEvent[]) => void;
  readonly onState?: (state: StreamState) => void;
  /** Id of the event to go on after. */
  readonly after?: string;
}

/** Milliseconds between tries, from the first to the last; the last is repeated. */
const PAUSES = [250, 500, 1000, 2000, 4000, 8000];
/** A stream says at least every 15 s that it is there; silent for so long, it is taken for broken. */
const SILENCE_MS = 40_000;
/** A hidden page keeps its streams for so long. */
const HIDDEN_MS = 20_000;

/** One stream of the API; `close` ends it. */
export class LiveStream {
  private waiting: StreamEvent[] = [];
  private frame: number | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private silence: ReturnType<typeof setTimeout> | undefined;
  private hiding: ReturnType<typeof setTimeout> | undefined;
  private abort: AbortController | undefined;
  private tries = 0;
  private last: string;
  private state: StreamState = "connecting";
  private isClosed = false;

  constructor(
    private readonly url: string,
    private readonly options: StreamOptions,
  ) {
    this.last = options.after ?? "";
    document.addEventListener("visibilitychange", this.onVisibility);
    window.addEventListener("online", this.openNow);
    window.addEventListener("offline", this.onOffline);
    this.open();
  }

  /** End it; nothing is handed on any more. */
  close(): void {
    this.isClosed = true;
    document.removeEventListener("visibilitychange", this.onVisibility);
    window.removeEventListener("online", this.openNow);
    window.removeEventListener("offline", this.onOffline);
    clearTimeout(this.timer);
    clearTimeout(this.hiding);
    clearTimeout(this.silence);
    if (this.frame !== undefined) cancelAnimationFrame(this.frame);
    this.abort?.abort();
  }

  private open(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const abort = new AbortController();
    this.abort = abort;
    this.run(abort).then(
      (isOver) => this.stopped(abort, isOver),
      () => this.stopped(abort, false),
    );
  }

  /** Read until the stream breaks off (false) or the server says that it is over for good (true). */
  private async run(abort: AbortController): Promise<boolean> {
    const headers: Record<string, string> = { accept: "text/event-stream" };
    if (this.last) headers["last-event-id"] = this.last;
    const response = await fetch(this.url, { headers, signal: abort.signal, credentials: "same-origin", cache: "no-store" });
    if (response.status === 204) return true;
    if (!response.ok || !response.body) return response.status >= 400 && response.status < 500 && response.status !== 429;
    this.become("live");
    this.tries = 0;
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    const events = new EventReader();
    for (;;) {
      this.expectSomething(abort);
      const { done, value } = await reader.read();
      if (done) return false;
      for (const event of events.read(value)) {
        if (event.id) this.last = event.id;
        if (event.name === "end") {
          this.take(event);
          return true;
        }
        this.take(event);
      }
    }
  }

  private stopped(abort: AbortController, isOver: boolean): void {
    clearTimeout(this.silence);
    if (this.isClosed || this.abort !== abort) return;
    this.abort = undefined;
    if (isOver) {
      this.become("ended");
      return;
    }
    this.become("broken");
    const pause = PAUSES[Math.min(this.tries++, PAUSES.length - 1)] ?? 8000;
    // Not all pages of a restarted server come back in the same moment.
    this.timer = setTimeout(() => this.open(), pause * (0.75 + Math.random() / 2));
  }

  private expectSomething(abort: AbortController): void {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => abort.abort(), SILENCE_MS);
  }

  private take(event: StreamEvent): void {
    this.waiting.push(event);
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      const events = this.waiting;
      this.waiting = [];
      this.options.onEvents(events);
    });
  }

  private become(state: StreamState): void {
    if (state === this.state) return;
    this.state = state;
    this.options.onState?.(state);
  }

  private readonly openNow = (): void => {
    if (this.timer !== undefined && !this.isClosed) this.open();
  };

  private readonly onOffline = (): void => {
    this.abort?.abort();
  };

  private readonly onVisibility = (): void => {
    clearTimeout(this.hiding);
    if (!document.hidden) {
      if (this.abort === undefined && this.timer === undefined && this.state !== "ended") this.open();
      return;
    }
    this.hiding = setTimeout(() => {
      const abort = this.abort;
      this.abort = undefined;
      clearTimeout(this.timer);
      this.timer = undefined;
      abort?.abort();
    }, HIDDEN_MS);
  };
}
