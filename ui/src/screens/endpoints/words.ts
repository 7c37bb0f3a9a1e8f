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
