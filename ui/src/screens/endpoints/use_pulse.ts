/** What no stream tells, because nothing is written to the ledger for it: requests, and what is counted of them. */

import { useEffect } from "react";

import { answers } from "@/api/cache";

/** Milliseconds after which numbers are asked for again: as often as the host writes them down. */
const PULSE_MS = 5000;

/** Ask again for what begins with an address, again and again while it is shown. */
export function usePulse(url: string, isBeating = true): void {
  useEffect(() => {
    if (!isBeating) return undefined;
    const timer = setInterval(() => {
      if (!document.hidden) answers.invalidate((each) => each.startsWith(url) && !isRead(each));
    }, PULSE_MS);
    return () => clearInterval(timer);
  }, [url, isBeating]);
}

/** What somebody reads line by line does not move under their eyes. */
function isRead(url: string): boolean {
  return /\/(predictions|history|versions)(\?|$)/.test(url);
}
