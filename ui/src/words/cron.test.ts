import { expect, test } from "vitest";

import { cronText } from "./cron";

test.each([
  ["* * * * *", "every minute"],
  ["*/15 * * * *", "every 15 minutes"],
  ["0 * * * *", "hourly"],
  ["5 * * * *", "hourly at :05"],
  ["0 */2 * * *", "every 2 hours at :00"],
  ["30 6 * * *", "daily 06:30"],
  ["30 6 * * MON-FRI", "weekdays 06:30"],
  ["0 0 * * 0", "Sundays 00:00"],
  ["0 9 * * fri", "Fridays 09:00"],
  ["0 0 1 * *", "monthly on the 1st 00:00"],
  ["0 0 12 * *", "monthly on the 12th 00:00"],
  ["0 5 L * *", "last day of the month 05:00"],
])("%s is %s", (cron, words) => {
  expect(cronText(cron)).toBe(words);
});

test.each(["0 0 1 1 *", "0 0 1 * MON", "5,35 * * * *", "0 1-5 * * *", "0 0 LW * *", "weekdays", "0 0 * * 1#2"])(
  "%s stays as it is",
  (cron) => {
    expect(cronText(cron)).toBe(cron);
  },
);
