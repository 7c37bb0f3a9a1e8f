/** Points in time, given in Unix seconds, in the reader's zone and words. */

const EXACT = new Intl.DateTimeFormat(undefined, {
  weekday: "short",
  year: "numeric",
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
  timeZoneName: "short",
});

/** The whole truth, for a hover: `Sun, Nov 22, 2026, 17:33:50 UTC`. */
export function exactTime(at: number): string {
  return EXACT.format(at * 1000);
}

/** How long ago, or in how long: `just now`, `4 min ago`, `in 2 h`, `yesterday 17:33`, `12 Nov 17:33`, `2025-11-12`. */
export function relativeTime(at: number, now: number, zone?: string): string {
  const apart = now - at;
  const size = Math.abs(apart);
  const say = (amount: number, unit: string) => (apart >= 0 ? `${amount} ${unit} ago` : `in ${amount} ${unit}`);
  if (size < 5) return apart >= 0 ? "just now" : "now";
  if (size < 60) return say(Math.floor(size), "s");
  if (size < 3600) return say(Math.floor(size / 60), "min");
  if (size < 6 * 3600) return say(Math.floor(size / 3600), "h");
  const days = dayNumber(now, zone) - dayNumber(at, zone);
  if (days === 0) return `today ${clockTime(at, zone)}`;
  if (days === 1) return `yesterday ${clockTime(at, zone)}`;
  if (days === -1) return `tomorrow ${clockTime(at, zone)}`;
  const { day, month, year } = partsOf(at, zone);
  if (size < 300 * 86400) return `${day} ${MONTHS[month - 1]} ${clockTime(at, zone)}`;
  return `${year}-${two(month)}-${two(day)}`;
}

/** `17:33` in the reader's zone. */
export function clockTime(at: number, zone?: string): string {
  const { hour, minute } = partsOf(at, zone);
  return `${two(hour)}:${two(minute)}`;
}

/** `17:33:50.123`, for log lines. */
export function clockTimeExact(at: number, zone?: string): string {
  const { second } = partsOf(at, zone);
  const thousandths = Math.floor((at - Math.floor(at)) * 1000);
  return `${clockTime(at, zone)}:${two(second)}.${String(thousandths).padStart(3, "0")}`;
}

/** `2026-11-22` in the reader's zone. */
export function dateText(at: number, zone?: string): string {
  const { day, month, year } = partsOf(at, zone);
  return `${year}-${two(month)}-${two(day)}`;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

interface Parts {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
}

const FORMATS = new Map<string, Intl.DateTimeFormat>();

function partsOf(at: number, zone?: string): Parts {
  if (zone === undefined) {
    const date = new Date(at * 1000);
    return {
      year: date.getFullYear(),
      month: date.getMonth() + 1,
      day: date.getDate(),
      hour: date.getHours(),
      minute: date.getMinutes(),
      second: date.getSeconds(),
    };
  }
  let format = FORMATS.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat("en-GB", {
      timeZone: zone,
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
      hourCycle: "h23",
    });
    FORMATS.set(zone, format);
  }
  const found: Record<string, number> = {};
  for (const part of format.formatToParts(at * 1000)) found[part.type] = Number(part.value);
  const of = (name: string) => found[name] ?? 0;
  return {
    year: of("year"),
    month: of("month"),
    day: of("day"),
    hour: of("hour"),
    minute: of("minute"),
    second: of("second"),
  };
}

function dayNumber(at: number, zone?: string): number {
  const { year, month, day } = partsOf(at, zone);
  return Date.UTC(year, month - 1, day) / 86_400_000;
}

function two(number: number): string {
  return String(number).padStart(2, "0");
}
