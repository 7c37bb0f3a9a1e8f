/** A table of many rows: only those in sight are drawn; sortable, selectable, moved through by keys. */

import "./table.css";

import { type MouseEvent, type ReactNode, memo, useEffect, useLayoutEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";

import { Icon } from "@/parts/icon";
import { Menu, MenuItem } from "@/parts/menu";
import { type SortValue, nextSort, readSort, sortedBy } from "@/parts/sorting";
import { useWindowRows } from "@/parts/window_rows";
import { navigate } from "@/router/location";
import { useKeys } from "@/shell/keys";

export interface Column<Row> {
  readonly id: string;
  readonly name: string;
  readonly cell: (row: Row) => ReactNode;
  /** Pixels; columns without one share what is left. */
  readonly width?: number;
  readonly isNumber?: boolean;
  /** Rows can be sorted by it; for tables that hold all their rows. */
  readonly value?: (row: Row) => SortValue;
  /** The server sorts by it: the table shows the arrow and leaves the rows as they come. */
  readonly isServerSorted?: boolean;
  /** The first click sorts this way. */
  readonly first?: "rising" | "falling";
  /** Shown only when the reader asks for it. */
  readonly isOptional?: boolean;
  /** Left out on a phone. */
  readonly isWide?: boolean;
}

export interface TableProps<Row> {
  /** Names the table for who cannot see it, and its kept columns. */
  readonly label: string;
  readonly rows: readonly Row[];
  readonly columns: readonly Column<Row>[];
  readonly keyOf: (row: Row) => string;
  /** Where a row leads: Enter and click. */
  readonly linkOf?: (row: Row) => string;
  /** `name` or `-name`; with `onSort` it is the view's state, else the table's own. */
  readonly sort?: string;
  readonly onSort?: (sort: string) => void;
  readonly selected?: ReadonlySet<string>;
  readonly onSelect?: (selected: ReadonlySet<string>) => void;
  /** Called when the reader comes near the end. */
  readonly onEnd?: () => void;
  /** Below the last row: that more is coming, or that this is all. */
  readonly foot?: ReactNode;
  /** What stands there without rows. */
  readonly empty?: ReactNode;
  /** As high as the window leaves room for; else as high as its rows, at most `maxHeight` pixels. */
  readonly isFilling?: boolean;
  readonly maxHeight?: number;
  readonly hasColumnMenu?: boolean;
  /** This table answers to j, k, x and Enter; one a view. */
  readonly hasKeys?: boolean;
}

const ROW = 36;
const HEAD = 32;
const SELECT_WIDTH = 38;

export function Table<Row>(props: TableProps<Row>) {
  const { label, rows, keyOf, linkOf, onSelect, onEnd, foot, empty, isFilling, maxHeight } = props;
  const isPhone = useIsPhone();
  // Ticking boxes and comparing many columns is not for small screens.
  const selected = isPhone ? undefined : props.selected;
  const box = useRef<HTMLDivElement>(null);
  const [ownSort, setOwnSort] = useState("");
  const sort = props.onSort ? (props.sort ?? "") : ownSort;
  const [columns, chooseColumns, all] = useColumns(label, props.columns, isPhone);
  const sorted = useSorted(rows, props.columns, sort);
  const [at, setAt] = useState(-1);
  const anchor = useRef(-1);
  const range = useWindowRows(box, sorted.length, ROW, HEAD);
  const height = useFilling(box, Boolean(isFilling));
  const focusSoon = useRef(-1);

  useEffect(() => {
    if (onEnd && range.end >= sorted.length - 5) onEnd();
  }, [onEnd, range.end, sorted.length]);
  useLayoutEffect(() => {
    if (focusSoon.current < 0) return;
    const row = box.current?.querySelector<HTMLElement>(`tr[data-index="${focusSoon.current}"]`);
    if (!row) return;
    focusSoon.current = -1;
    row.focus({ preventScroll: true });
  });

  const moveTo = (index: number) => {
    if (sorted.length === 0) return;
    const next = Math.max(0, Math.min(sorted.length - 1, index));
    setAt(next);
    focusSoon.current = next;
    range.scrollToRow(next);
  };
  const toggle = (index: number, isRange: boolean) => {
    if (!selected || !onSelect) return;
    const next = new Set(selected);
    const from = isRange && anchor.current >= 0 ? anchor.current : index;
    const row = sorted[index];
    const isOn = row !== undefined && !selected.has(keyOf(row));
    for (const each of sorted.slice(Math.min(from, index), Math.max(from, index) + 1)) {
      if (isOn) next.add(keyOf(each));
      else next.delete(keyOf(each));
    }
    anchor.current = index;
    onSelect(next);
  };
  useTableKeys(Boolean(props.hasKeys), Boolean(onSelect), {
    move: (step) => moveTo(at + step),
    select: () => at >= 0 && toggle(at, false),
    open: () => {
      const row = sorted[at];
      if (row !== undefined && linkOf) navigate(linkOf(row));
    },
  });
  const open = (event: MouseEvent, index: number) => {
    const row = sorted[index];
    setAt(index);
    if (!linkOf || row === undefined || isOnControl(event.target) || window.getSelection()?.type === "Range") return;
    if (event.metaKey || event.ctrlKey) window.open(linkOf(row), "_blank", "noopener");
    else navigate(linkOf(row));
  };
  const stable = useStable(open, toggle);
  const widths = columns.map((column, index) => (isPhone && index === 0 ? 110 : (column.width ?? 160)));
  const least = widths.reduce((sum, width) => sum + width, selected ? SELECT_WIDTH : 0);
  return (
    <div className="table-frame">
      {props.hasColumnMenu && <ColumnMenu all={all} shown={columns} choose={chooseColumns} />}
      <div
        ref={box}
        className="table-box"
        style={{ maxHeight: height ?? (isFilling ? "70dvh" : maxHeight) }}
        // What scrolls can be reached by keys.
        tabIndex={0}
        role="region"
        aria-label={label}
      >
        <table className={props.hasColumnMenu ? "table has-menu" : "table"} style={{ minWidth: least }} aria-rowcount={sorted.length + 1}>
          <colgroup>
            {selected && <col style={{ width: SELECT_WIDTH }} />}
            {columns.map((column, index) => (
              <col key={column.id} style={column.width && !(isPhone && index === 0) ? { width: column.width } : undefined} />
            ))}
          </colgroup>
          <thead>
            <tr>
              {selected && onSelect && (
                <th className="select">
                  <input
                    type="checkbox"
                    aria-label="Select all"
                    checked={sorted.length > 0 && selected.size >= sorted.length}
                    ref={(element) => {
                      if (element) element.indeterminate = selected.size > 0 && selected.size < sorted.length;
                    }}
                    onChange={() => onSelect(new Set(selected.size > 0 ? [] : sorted.map(keyOf)))}
                  />
                </th>
              )}
              {columns.map((column) => (
                <Head key={column.id} column={column} sort={sort} onSort={props.onSort ?? setOwnSort} />
              ))}
            </tr>
          </thead>
          <tbody>
            {range.start > 0 && <tr aria-hidden className="gap" style={{ height: range.start * ROW }} />}
            {sorted.slice(range.start, range.end).map((row, offset) => {
              const index = range.start + offset;
              const key = keyOf(row);
              return (
                <TableRow
                  key={key}
                  name={key}
                  row={row}
                  index={index}
                  columns={columns}
                  isAt={index === at}
                  isSelected={selected ? selected.has(key) : null}
                  isLink={Boolean(linkOf)}
                  open={stable.open}
                  toggle={stable.toggle}
                />
              );
            })}
            {range.end < sorted.length && <tr aria-hidden className="gap" style={{ height: (sorted.length - range.end) * ROW }} />}
          </tbody>
        </table>
        {sorted.length === 0 && empty}
        {foot && sorted.length > 0 && <div className="table-foot">{foot}</div>}
      </div>
    </div>
  );
}

interface TableRowProps<Row> {
  name: string;
  row: Row;
  index: number;
  columns: readonly Column<Row>[];
  isAt: boolean;
  /** None: rows are not selected here. */
  isSelected: boolean | null;
  isLink: boolean;
  open: (event: MouseEvent, index: number) => void;
  toggle: (index: number, isRange: boolean) => void;
}

/** A row; drawn anew only when something of its own changes, not while others scroll by. */
const TableRow = memo(function TableRow<Row>(props: TableRowProps<Row>) {
  const { name, row, index, columns, isAt, isSelected, isLink, open, toggle } = props;
  return (
    <tr
      data-index={index}
      tabIndex={-1}
      aria-rowindex={index + 2}
      className={rowClass(isAt, isSelected === true, isLink)}
      onClick={(event) => open(event, index)}
    >
      {isSelected !== null && (
        <td className="select">
          <input
            type="checkbox"
            aria-label={`Select ${name}`}
            checked={isSelected}
            onChange={() => undefined}
            onClick={(event) => toggle(index, event.shiftKey)}
          />
        </td>
      )}
      {columns.map((column) => (
        <td key={column.id} className={column.isNumber ? "number" : undefined}>
          {column.cell(row)}
        </td>
      ))}
    </tr>
  );
}) as <Row>(props: TableRowProps<Row>) => ReactNode;

/** Give functions that stay the same and call the newest ones. */
function useStable(
  open: (event: MouseEvent, index: number) => void,
  toggle: (index: number, isRange: boolean) => void,
): { open: typeof open; toggle: typeof toggle } {
  const latest = useRef({ open, toggle });
  latest.current = { open, toggle };
  return useMemo(
    () => ({
      open: (event, index) => latest.current.open(event, index),
      toggle: (index, isRange) => latest.current.toggle(index, isRange),
    }),
    [],
  );
}

function Head<Row>({ column, sort, onSort }: { column: Column<Row>; sort: string; onSort: (sort: string) => void }) {
  const now = readSort(sort);
  const isSorted = now?.id === column.id;
  const className = column.isNumber ? "number" : undefined;
  if (!column.value && !column.isServerSorted) return <th className={className}>{column.name}</th>;
  return (
    <th className={className} aria-sort={isSorted ? (now.isFalling ? "descending" : "ascending") : "none"}>
      <button type="button" onClick={() => onSort(nextSort(sort, column.id, column.first))}>
        {column.name}
        <span className={isSorted ? "arrow on" : "arrow"}>
          <Icon name={isSorted && !now.isFalling ? "up" : "down"} size={12} />
        </span>
      </button>
    </th>
  );
}

function ColumnMenu<Row>({
  all,
  shown,
  choose,
}: {
  all: readonly Column<Row>[];
  shown: readonly Column<Row>[];
  choose: (ids: readonly string[]) => void;
}) {
  const ids = shown.map(({ id }) => id);
  return (
    <div className="table-columns">
      <Menu label="Columns" title="Columns" button={<Icon name="columns" size={14} />} className="button plain icon small">
        {() =>
          all.map(({ id, name }) => (
            <MenuItem
              key={id}
              isChosen={ids.includes(id)}
              act={() => choose(ids.includes(id) ? ids.filter((each) => each !== id) : [...ids, id])}
            >
              {name}
            </MenuItem>
          ))
        }
      </Menu>
    </div>
  );
}

function useColumns<Row>(
  label: string,
  all: readonly Column<Row>[],
  isPhone: boolean,
): [readonly Column<Row>[], (ids: readonly string[]) => void, readonly Column<Row>[]] {
  const key = `headwater.columns.${label}`;
  const [kept, keep] = useState<readonly string[] | null>(() => readKept(key));
  const shown = useMemo(
    () => all.filter(({ id, isOptional, isWide }) => !(isPhone && isWide) && (kept ? kept.includes(id) : !isOptional)),
    [all, isPhone, kept],
  );
  const choose = (ids: readonly string[]) => {
    if (ids.length === 0) return;
    localStorage.setItem(key, JSON.stringify(ids));
    keep(ids);
  };
  return [shown, choose, all];
}

const PHONE = "(max-width: 720px)";

function useIsPhone(): boolean {
  return useSyncExternalStore(
    (listener) => {
      const query = matchMedia(PHONE);
      query.addEventListener("change", listener);
      return () => query.removeEventListener("change", listener);
    },
    () => matchMedia(PHONE).matches,
  );
}

function readKept(key: string): string[] | null {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(key) ?? "null");
    return Array.isArray(kept) && kept.every((id) => typeof id === "string") ? kept : null;
  } catch {
    return null;
  }
}

function useSorted<Row>(rows: readonly Row[], columns: readonly Column<Row>[], sort: string): readonly Row[] {
  return useMemo(() => {
    const now = readSort(sort);
    const value = columns.find(({ id }) => id === now?.id)?.value;
    return now && value ? sortedBy(rows, value, now.isFalling) : rows;
    // Columns are often written in place; what they are named decides.
  }, [rows, sort, columns.map(({ id }) => id).join()]);
}

function useFilling(box: React.RefObject<HTMLElement | null>, isFilling: boolean): string | undefined {
  const [top, setTop] = useState<number>();
  useLayoutEffect(() => {
    if (!isFilling) return undefined;
    const look = () => {
      const found = box.current?.getBoundingClientRect().top;
      if (found !== undefined) setTop(Math.round(found + window.scrollY));
    };
    look();
    const size = new ResizeObserver(look);
    size.observe(document.body);
    return () => size.disconnect();
  }, [box, isFilling]);
  return top === undefined ? undefined : `max(320px, calc(100dvh - ${top + 20}px))`;
}

function useTableKeys(
  isOn: boolean,
  hasSelection: boolean,
  { move, select, open }: { move: (step: number) => void; select: () => void; open: () => void },
): void {
  useKeys(
    isOn
      ? [
          { keys: "j", name: "Next row", act: () => move(1) },
          { keys: "k", name: "Previous row", act: () => move(-1) },
          {
            keys: "Enter",
            name: "Open the row",
            act: (event) => {
              const target = event.target as HTMLElement;
              if (target.closest("a, button")) target.click();
              else open();
            },
          },
          ...(hasSelection ? [{ keys: "x", name: "Select the row", act: select }] : []),
        ]
      : [],
  );
}

function rowClass(isAt: boolean, isSelected: boolean, isLink: boolean): string {
  return [isAt && "at", isSelected && "selected", isLink && "leads"].filter(Boolean).join(" ");
}

function isOnControl(target: EventTarget): boolean {
  return target instanceof Element && target.closest("a, button, input, label, select") !== null;
}
