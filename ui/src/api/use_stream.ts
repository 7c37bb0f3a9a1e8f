/** A live stream as a hook. */

import { useEffect, useRef, useState } from "react";

import type { StreamEvent } from "@/api/event_reader";
import { LiveStream, type StreamState } from "@/api/stream";

/**
 * Follow a stream while the component is shown; null follows none. `onEvents` gets what came since the last frame.
 * Another address starts anew; give `after` to skip what is known already.
 */
export function useStream(
  url: string | null,
  onEvents: (events: readonly StreamEvent[]) => void,
  { after }: { after?: string } = {},
): StreamState {
  const [state, setState] = useState<StreamState>("connecting");
  const handler = useRef(onEvents);
  handler.current = onEvents;
  const start = useRef(after);
  start.current = after;
  useEffect(() => {
    if (url === null) return undefined;
    setState("connecting");
    const stream = new LiveStream(url, {
      onEvents: (events) => handler.current(events),
      onState: setState,
      ...(start.current ? { after: start.current } : {}),
    });
    return () => stream.close();
  }, [url]);
  return state;
}
