/** The order of a table, kept in the address, so that a link shows the same one. */

import { useCallback } from "react";

import { readSort } from "@/parts/sorting";
import type { Column } from "@/parts/table";
import { useQueryState } from "@/router/location";

/**
 * Give the sort of a table (`name`, `-name`) and what changes it. What is in the address and none of the columns is sorted
 * by, such as the order of another tab's table, counts as the fallback.
 */
export function useSort<Row>(columns: readonly Column<Row>[], fallback: string, name = "sort"): [string, (sort: string) => void] {
  const [text, change] = useQueryState(name);
  const sort = sortAmong(columns, text) ? text : fallback;
  // A link without a sort means the order that the list has by itself.
  const choose = useCallback((next: string) => change(next === fallback ? "" : next), [change, fallback]);
  return [sort, choose];
}

/** Whether some of the columns can be sorted by like this. */
export function sortAmong<Row>(columns: readonly Pick<Column<Row>, "id" | "isServerSorted" | "value">[], text: string): boolean {
  const wanted = readSort(text);
  return columns.some(({ id, isServerSorted, value }) => id === wanted?.id && Boolean(isServerSorted ?? value));
}
