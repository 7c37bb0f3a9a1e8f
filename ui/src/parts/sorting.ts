/** Sorting of rows by a column, written as `name` or `-name` (falling). */

export type SortValue = string | number | boolean | null | undefined;

export interface Sort {
  readonly id: string;
  readonly isFalling: boolean;
}

export function readSort(text: string): Sort | null {
  if (!text) return null;
  return text.startsWith("-") ? { id: text.slice(1), isFalling: true } : { id: text, isFalling: false };
}

/** What a click on a column's head makes of the sort: first as `first` says, then turned round, then none. */
export function nextSort(now: string, id: string, first: "rising" | "falling" = "rising"): string {
  const begin = first === "falling" ? `-${id}` : id;
  const turned = first === "falling" ? id : `-${id}`;
  return now === begin ? turned : now === turned ? "" : begin;
}

/** Give the rows in the order of a value; what has none comes last, equal ones keep their order. */
export function sortedBy<Row>(rows: readonly Row[], valueOf: (row: Row) => SortValue, isFalling: boolean): Row[] {
  const turn = isFalling ? -1 : 1;
  return rows
    .map((row) => ({ row, value: valueOf(row) }))
    .sort((one, other) => {
      const [hasNone, hasNoOther] = [isNothing(one.value), isNothing(other.value)];
      if (hasNone || hasNoOther) return Number(hasNone) - Number(hasNoOther);
      return turn * compared(one.value, other.value);
    })
    .map(({ row }) => row);
}

function isNothing(value: SortValue): boolean {
  return value === null || value === undefined || value === "" || Number.isNaN(value);
}

function compared(one: SortValue, other: SortValue): number {
  if (typeof one === "number" && typeof other === "number") return one - other;
  return String(one).localeCompare(String(other), undefined, { numeric: true });
}
