/** Numbers and sizes as people read them. */

const GROUPED = new Intl.NumberFormat("en-US");

/** `12,345`. */
export function countText(count: number): string {
  return GROUPED.format(count);
}

/** `1 run`, `12 runs`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`;
}

/** `812 B`, `4.0 KiB`, `1.2 GiB`. */
export function sizeText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  let size = bytes;
  for (const unit of ["KiB", "MiB", "GiB", "TiB"]) {
    size /= 1024;
    if (size < 1023.95) return `${size < 10 ? size.toFixed(1) : Math.round(size)} ${unit}`;
  }
  return `${Math.round(size / 1024)} PiB`;
}

/** A measured value with four significant digits: `0.8123`, `12,410`, `3.1e-7`. */
export function valueText(value: unknown): string {
  if (typeof value !== "number") return value === null || value === undefined ? "–" : String(value);
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "∞" : "-∞";
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return countText(value);
  const size = Math.abs(value);
  if (size >= 1e15 || size < 1e-4) return value.toExponential(2).replace("e+", "e");
  return size >= 1000 ? GROUPED.format(Math.round(value * 10) / 10) : String(Number(value.toPrecision(4)));
}

/** `12 %`, `0.4 %`. */
export function shareText(share: number): string {
  const percent = share * 100;
  return `${percent > 0 && percent < 10 ? percent.toFixed(1) : Math.round(percent)} %`;
}
