import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { Answers } from "@/api/cache";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Answers whose requests are answered by hand. */
function scene() {
  const asked: string[] = [];
  const waiting: ((data: unknown) => void)[] = [];
  const answers = new Answers(
    (url) => {
      asked.push(url);
      return new Promise((resolve) => waiting.push(resolve));
    },
    () => Date.now(),
  );
  const answer = async (data: unknown) => {
    waiting.shift()?.(data);
    await vi.advanceTimersByTimeAsync(0);
  };
  return { answers, asked, answer };
}

test("an address is asked once for all who follow it", async () => {
  const { answers, asked, answer } = scene();
  const [one, other] = [vi.fn(), vi.fn()];
  answers.follow("/a", one);
  answers.follow("/a", other);
  await answer(1);

  expect(asked).toEqual(["/a"]);
  expect(one).toHaveBeenCalledOnce();
  expect(other).toHaveBeenCalledOnce();
  expect(answers.known("/a")).toEqual({ data: 1, problem: undefined, isLoading: false });
});

test("a thousand changes ask again a few times, and the last of them is not missed", async () => {
  let changes = 0;
  let asked = 0;
  const answers = new Answers(
    () => {
      asked += 1;
      return Promise.resolve(changes);
    },
    () => Date.now(),
  );
  answers.follow("/a", () => undefined);
  while (changes < 1000) {
    changes += 1;
    answers.invalidate((url) => url === "/a");
    await vi.advanceTimersByTimeAsync(1);
  }
  await vi.advanceTimersByTimeAsync(1000);

  expect(answers.known("/a").data).toBe(1000);
  expect(asked).toBeLessThan(8);
});

test("a slow answer rests longer", async () => {
  const { answers, asked, answer } = scene();
  answers.follow("/a", () => undefined);
  await vi.advanceTimersByTimeAsync(2000);
  await answer(1);
  answers.invalidate(() => true);
  await vi.advanceTimersByTimeAsync(5000);
  expect(asked.length).toBe(1);
  await vi.advanceTimersByTimeAsync(2000);

  expect(asked.length).toBe(2);
});

test("a change while the answer is under way asks again", async () => {
  const { answers, asked, answer } = scene();
  answers.follow("/a", () => undefined);
  answers.invalidate(() => true);
  await answer("old");
  await vi.advanceTimersByTimeAsync(1000);
  await answer("new");

  expect(asked).toEqual(["/a", "/a"]);
  expect(answers.known("/a").data).toBe("new");
});

test("the first change after a rest is asked for at once", async () => {
  const { answers, asked, answer } = scene();
  answers.follow("/a", () => undefined);
  await answer(1);
  await vi.advanceTimersByTimeAsync(5000);
  answers.invalidate(() => true);
  await vi.advanceTimersByTimeAsync(0);

  expect(asked.length).toBe(2);
});

test("what nobody shows is not asked for until somebody does", async () => {
  const { answers, asked, answer } = scene();
  const stop = answers.follow("/a", () => undefined);
  await answer(1);
  stop();
  answers.invalidate(() => true);
  await vi.advanceTimersByTimeAsync(5000);
  expect(asked.length).toBe(1);
  answers.follow("/a", () => undefined);

  expect(asked.length).toBe(2);
  expect(answers.known("/a").data).toBe(1);
});

test("a failed try keeps the data of an earlier one", async () => {
  let isBroken = false;
  const answers = new Answers(
    () => (isBroken ? Promise.reject(new Error("gone")) : Promise.resolve(1)),
    () => Date.now(),
  );
  answers.follow("/a", () => undefined);
  await vi.advanceTimersByTimeAsync(0);
  isBroken = true;
  answers.invalidate(() => true);
  await vi.advanceTimersByTimeAsync(1000);

  expect(answers.known("/a").data).toBe(1);
  expect(answers.known("/a").problem?.detail).toBe("gone");
});
