/** Common time tables in words; others stay as they are. */

const DAYS = ["Sundays", "Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays"];
const NAMES = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/** `daily 06:30`, `weekdays 06:30`, `every 15 minutes`; else the expression itself. */
export function cronText(cron: string): string {
  const parts = cron.trim().split(/\s+/);
  if (parts.length !== 5) return cron;
  const [minute = "", hour = "", day = "", month = "", weekday = ""] = parts;
  if (month !== "*") return cron;
  const isAnyDay = day === "*" && weekday === "*";
  if (hour === "*" && isAnyDay) return everyHour(minute) ?? cron;
  const every = /^\*\/(\d+)$/.exec(hour);
  if (every && isAnyDay && isNumber(minute)) return `every ${every[1]} hours at :${two(minute)}`;
  if (!isNumber(minute) || !isNumber(hour)) return cron;
  const time = `${two(hour)}:${two(minute)}`;
  if (isAnyDay) return `daily ${time}`;
  if (day === "*") {
    const days = daysText(weekday.toUpperCase());
    return days ? `${days} ${time}` : cron;
  }
  if (weekday !== "*") return cron;
  if (day === "L") return `last day of the month ${time}`;
  return isNumber(day) ? `monthly on the ${ordinal(Number(day))} ${time}` : cron;
}

function everyHour(minute: string): string | null {
  if (minute === "*") return "every minute";
  const every = /^\*\/(\d+)$/.exec(minute);
  if (every) return every[1] === "1" ? "every minute" : `every ${every[1]} minutes`;
  if (!isNumber(minute)) return null;
  return minute === "0" ? "hourly" : `hourly at :${two(minute)}`;
}

function daysText(weekday: string): string | null {
  if (["MON-FRI", "1-5"].includes(weekday)) return "weekdays";
  if (isNumber(weekday)) return DAYS[Number(weekday)] ?? null;
  return DAYS[NAMES.indexOf(weekday)] ?? null;
}

function isNumber(text: string): boolean {
  return /^\d+$/.test(text);
}

function two(number: string): string {
  return number.padStart(2, "0");
}

function ordinal(number: number): string {
  const ending = number % 100 >= 11 && number % 100 <= 13 ? "th" : (["th", "st", "nd", "rd"][number % 10] ?? "th");
  return `${number}${ending}`;
}
