/** Services in words. */

import { apiUrl } from "@/api/client";
import type { ServiceHealth, ServiceRow } from "@/api/schema";
import { durationText } from "@/words/duration";
import { countText, shareText } from "@/words/numbers";

/** The address of what the API says of a service. */
export function serviceUrl(service: string, below = "", query = {}): string {
  return apiUrl(`/services/${encodeURIComponent(service)}${below}`, query);
}

/** The state whose look a service's standing has. */
export function lookOfService({ stands, health }: Pick<ServiceRow, "stands" | "health">): string {
  if (stands === "answers") return health && health.failed > 0.05 ? "degraded" : "healthy";
  return { loading: "starting", old: "degraded", failed: "unhealthy", paused: "paused", "no host": "stopped" }[stands];
}

/** How a service did lately, in a line. */
export function healthText(health: ServiceHealth | null): string {
  if (!health) return "nothing was asked lately";
  const perMinute = (health.requests / Math.max(1, health.seconds)) * 60;
  const parts = [`${countText(Math.round(perMinute))} a minute`];
  if (health.p50 !== null) parts.push(`middle ${durationText(health.p50)}`);
  if (health.p99 !== null) parts.push(`slowest hundredth ${durationText(health.p99)}`);
  if (health.failed > 0) parts.push(`${shareText(health.failed)} failed`);
  if (health.refused > 0) parts.push(`${shareText(health.refused)} refused`);
  return parts.join(", ");
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
