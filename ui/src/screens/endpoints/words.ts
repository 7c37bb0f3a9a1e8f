/** Services in words. */

import { apiUrl } from "@/api/client";
import type { ServiceHealth, ServiceRow } from "@/api/schema";
import { countText } from "@/words/numbers";

/** The address of what the API says of a service. */
export function serviceUrl(service: string, below = "", query = {}): string {
  return apiUrl(`/services/${encodeURIComponent(service)}${below}`, query);
}

/** The state whose look a service's standing has. */
export function lookOfService({ stands, health }: Pick<ServiceRow, "stands" | "health">): string {
  if (stands === "answers") return isBadly(health) ? "degraded" : "healthy";
  return { loading: "starting", old: "degraded", failed: "unhealthy", paused: "paused", "no host": "stopped" }[stands];
}

/** Shares of failed answers above which somebody should look. */
const BAD = 0.01;

/** Whether so many answers fail that somebody should look. */
export function isBadly(health: ServiceHealth | null): boolean {
  return health !== null && health.failed >= BAD;
}

/** How a service stands, in words that go with its look. */
export function standsText({ stands, health }: Pick<ServiceRow, "stands" | "health">): string {
  return stands === "answers" && isBadly(health) ? "answers, some fail" : stands;
}

/** Requests a minute. */
export function rateText({ requests, seconds }: Pick<ServiceHealth, "requests" | "seconds">): string {
  const rate = (requests / Math.max(1, seconds)) * 60;
  return rate >= 10 || rate === 0 ? countText(Math.round(rate)) : rate.toFixed(1);
}

/** Give the share of the requests that each version answers, the live one first. */
export function sharesOf({ number, rollout }: Pick<ServiceRow, "number" | "rollout">): { version: number; share: number }[] {
  const isShared = rollout !== null && rollout.number !== number && (rollout.state === "share" || rollout.state === "held");
  if (!isShared || rollout.share <= 0) return [{ version: number, share: 1 }];
  return [
    { version: rollout.live, share: 1 - rollout.share },
    { version: rollout.number, share: rollout.share },
  ];
}

/** How far evidence has come towards the bound at which it decides, from 0 to 1; both are ratios, so on a scale of logarithms. */
export function evidenceShare(value: number, bound: number): number {
  if (!(value > 1) || !(bound > 1)) return 0;
  return Math.min(1, Math.log(value) / Math.log(bound));
}

/** `12 %`, `0.25 %`: fine enough for the marks of an axis. */
export function percentText(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}

/** Give the command that asks an endpoint from a terminal. */
export function curlOf(url: string, endpoint: string, body: string): string {
  return `curl -H 'Content-Type: application/json' -d '${body.replaceAll("'", "'\\''")}' ${url}/${endpoint}`;
}

/** JSON with its lines broken; anything else as it is. */
export function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
