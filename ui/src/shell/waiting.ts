/** What waits for the reader's answer. */

import { apiUrl } from "@/api/client";
import type { ApprovalRow, ApprovalsPage } from "@/api/schema";
import { useQuery } from "@/api/use_query";

/** Approvals beyond so many are not counted. */
const MOST = 100;

/** The address of what waits for whoever asks. */
export const WAITING_FOR_ME = apiUrl("/approvals", { mine: true, limit: MOST });

/** Follow what waits for the reader; the longest first. */
export function useWaitingForMe(): readonly ApprovalRow[] {
  return useQuery<ApprovalsPage>(WAITING_FOR_ME).data?.rows ?? NONE;
}

const NONE: readonly ApprovalRow[] = [];

/** `3`; `99+` when there are more than two digits say. */
export function waitingText(count: number): string {
  return count > 99 ? "99+" : String(count);
}
