/** What of a drift is worth a word. */

import type { DriftColumn, DriftView, DriftWindow } from "@/api/schema";

/** Give the window that tells most of now. */
export function windowOf(view: DriftView): DriftWindow | null {
  return view.current ?? view.last ?? view.last_day;
}

/** Give the columns that are not what the model learned from; none while nothing is known. */
export function driftingColumns(view: DriftView | undefined): DriftColumn[] {
  const window = view && windowOf(view);
  return window?.columns.filter(({ measures }) => measures.some(({ differs }) => differs)) ?? [];
}
