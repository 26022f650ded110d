import { describe, expect, it } from "vitest";
import { shrink } from "./shrink.js";

describe("C-13 C-72 a program that breaks the contract", () => {
  const program = Array.from({ length: 60 }, (_, n) => n);
  const failsWith =
    (...needed: number[]) =>
    async (steps: readonly number[]): Promise<boolean> =>
      needed.every((each) => steps.includes(each));

  it("is shrunk to the steps that it needs, in their order", async () => {
    expect(await shrink(program, failsWith(3, 31, 59))).toEqual([3, 31, 59]);
    expect(await shrink(program, failsWith(0))).toEqual([0]);
    expect(await shrink(program, failsWith())).toEqual([]);
  });

  it("is as it is when nothing can be left out, or the time is up", async () => {
    expect(await shrink(program, failsWith(...program))).toEqual(program);
    expect(await shrink(program, failsWith(1), () => true)).toEqual(program);
  });
});
