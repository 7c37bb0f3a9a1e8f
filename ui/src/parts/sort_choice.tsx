/** The order of a list that has no column heads to click on. */

import { useQueryState } from "@/router/location";

export type Order = readonly [sort: string, name: string];

/** Give the order that the address asks for, and what lets the reader choose one; the first order is the fallback. */
export function useOrder(orders: readonly Order[], name = "sort"): [string, (sort: string) => void] {
  const fallback = orders[0]?.[0] ?? "";
  const [text, change] = useQueryState(name, fallback);
  return [orders.some(([sort]) => sort === text) ? text : fallback, change];
}

export function SortChoice({ orders, sort, onSort }: { orders: readonly Order[]; sort: string; onSort: (sort: string) => void }) {
  return (
    <label className="row muted">
      Order
      <select className="field" value={sort} onChange={(event) => onSort(event.target.value)}>
        {orders.map(([value, name]) => (
          <option key={value} value={value}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
