import { apiUrl } from "@/api/client";

/** The address of what the API says of an alias. */
export function aliasUrl(target: string, below = ""): string {
  return apiUrl(`/deployments/${encodeURIComponent(target)}${below}`);
}
