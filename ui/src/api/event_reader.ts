/** Reads server-sent events from text that comes in pieces (the format of the HTML standard, section 9.2). */

/** One event of a stream. */
export interface StreamEvent {
  /** Going on after it misses nothing and repeats nothing. */
  readonly id: string;
  readonly name: string;
  /** JSON text. */
  readonly data: string;
}

/** Turns pieces of text into events; what is cut is kept for the next piece. */
export class EventReader {
  private rest = "";
  private id = "";
  private name = "";
  private data: string[] = [];

  read(piece: string): StreamEvent[] {
    const events: StreamEvent[] = [];
    const lines = (this.rest + piece).split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line === "") {
        if (this.data.length > 0) events.push({ id: this.id, name: this.name || "message", data: this.data.join("\n") });
        this.name = "";
        this.data = [];
      } else {
        this.take(line);
      }
    }
    return events;
  }

  private take(line: string): void {
    const colon = line.indexOf(":");
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") this.data.push(value);
    else if (field === "event") this.name = value;
    else if (field === "id" && !value.includes("\u0000")) this.id = value;
  }
}
