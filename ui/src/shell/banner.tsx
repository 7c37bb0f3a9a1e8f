/** Says that the page is not live, while it is not. */

import { useEffect, useState } from "react";

import type { StreamState } from "@/api/stream";

/** A stream may be away so long, in milliseconds, before anybody is told. */
const PATIENCE_MS = 1500;

export function Banner({ state }: { state: StreamState }) {
  const [isShown, setShown] = useState(false);
  const isAway = state === "broken";
  useEffect(() => {
    if (!isAway) {
      setShown(false);
      return undefined;
    }
    const timer = setTimeout(() => setShown(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [isAway]);
  return (
    <div role="status" aria-live="polite" className={isShown ? "banner shown" : "banner"}>
      {isShown && (
        <>
          <span className="banner-dot" />
          {navigator.onLine ? "The server does not answer; what you see may be old. Trying again." : "You are offline."}
        </>
      )}
    </div>
  );
}
