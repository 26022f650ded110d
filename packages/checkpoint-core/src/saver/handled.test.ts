import { expect, it } from "vitest";
import { handled } from "./run-writes.js";
import { unhandledAfter } from "../unhandled-rejections.testing.js";

it("C-71 what LangGraph makes of it is handled, and rejects for whoever looks later", async () => {
  const reason = new Error("refused");
  const derived: Promise<unknown>[] = [];
  const unhandled = await unhandledAfter(async () => {
    derived.push(
      handled(Promise.reject(reason)).then(
        (value) => value,
        (error: unknown) => {
          throw error;
        },
      ),
    );
  });
  expect(unhandled).toEqual([]);
  await expect(derived[0]).rejects.toBe(reason);
});

it("C-71 without it, the same is an unhandled rejection", async () => {
  const reason = new Error("refused");
  expect(await unhandledAfter(async () => void Promise.reject(reason).then((value) => value))).toEqual([reason]);
});

it("gives its value to whoever awaits it", async () => {
  expect(await handled(Promise.resolve(7))).toBe(7);
  expect(await handled(Promise.resolve(7)).then((seven) => seven + 1)).toBe(8);
});
