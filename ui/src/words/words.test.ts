import { describe, expect, test } from "vitest";

import { durationText } from "@/words/duration";
import { plural, shareText, sizeText, valueText } from "@/words/numbers";
import { clockTimeExact, dateText, relativeTime } from "@/words/time";

test.each([
  [0, "0 s"],
  [0.0002, "1 ms"],
  [0.084, "84 ms"],
  [0.9996, "1.0 s"],
  [9.94, "9.9 s"],
  [9.96, "10 s"],
  [59.6, "1 m 00 s"],
  [185, "3 m 05 s"],
  [3599.7, "1 h 00 m"],
  [8040, "2 h 14 m"],
  [86399, "1 d 0 h"],
  [273_600, "3 d 4 h"],
  [-5, "-5.0 s"],
  [Number.NaN, "–"],
])("%d seconds read %s", (seconds, text) => {
  expect(durationText(seconds)).toBe(text);
});

describe("relativeTime", () => {
  const now = Date.UTC(2026, 10, 22, 17, 33, 50) / 1000;
  const say = (at: number, zone = "UTC") => relativeTime(at, now, zone);

  test.each([
    [now - 2, "just now"],
    [now - 45, "45 s ago"],
    [now - 240, "4 min ago"],
    [now + 7300, "in 2 h"],
    [now - 7 * 3600, "today 10:33"],
    [now - 20 * 3600, "yesterday 21:33"],
    [now + 20 * 3600, "tomorrow 13:33"],
    [now - 10 * 86400, "12 Nov 17:33"],
    [now - 400 * 86400, "2025-10-18"],
  ])("%d reads %s", (at, text) => {
    expect(say(at)).toBe(text);
  });

  test("days end at the reader's midnight", () => {
    // 16:00 in Tokyo is the day after 23:30 in Tokyo the evening before, both on one UTC day.
    const evening = Date.UTC(2026, 10, 22, 8, 0, 0) / 1000;
    expect(relativeTime(evening, now, "UTC")).toBe("today 08:00");
    expect(relativeTime(evening, now, "Asia/Tokyo")).toBe("yesterday 17:00");
  });

  test("hours move with daylight saving", () => {
    const before = Date.UTC(2026, 9, 25, 0, 30, 0) / 1000;
    expect(clockTimeExact(before, "Europe/Berlin")).toBe("02:30:00.000");
    expect(clockTimeExact(before + 3600, "Europe/Berlin")).toBe("02:30:00.000");
    expect(clockTimeExact(before + 7200.25, "Europe/Berlin")).toBe("03:30:00.250");
  });

  test("a date is that of the zone", () => {
    expect(dateText(Date.UTC(2026, 11, 31, 20) / 1000, "Asia/Tokyo")).toBe("2027-01-01");
  });
});

test.each([
  [0, "0 B"],
  [1023, "1023 B"],
  [4096, "4.0 KiB"],
  [1024 * 1024 - 1, "1.0 MiB"],
  [1.5 * 2 ** 30, "1.5 GiB"],
  [300 * 2 ** 40, "300 TiB"],
  [2 ** 50, "1 PiB"],
])("%d bytes read %s", (bytes, text) => {
  expect(sizeText(bytes)).toBe(text);
});

test.each([
  [0.81234, "0.8123"],
  [12_410, "12,410"],
  [1234.56, "1,234.6"],
  [3.1e-7, "3.10e-7"],
  [0, "0"],
  [null, "–"],
  [true, "true"],
  [Number.POSITIVE_INFINITY, "∞"],
])("the value %s reads %s", (value, text) => {
  expect(valueText(value)).toBe(text);
});

test("counts and shares are words", () => {
  expect(plural(1, "run")).toBe("1 run");
  expect(plural(12_000, "run")).toBe("12,000 runs");
  expect(shareText(0.004)).toBe("0.4 %");
  expect(shareText(0.5)).toBe("50 %");
  expect(shareText(0)).toBe("0 %");
});
