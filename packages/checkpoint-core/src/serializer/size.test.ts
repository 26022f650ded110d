import { expect, it } from "vitest";
import { ValueTooLargeError } from "../errors.js";
import { HoldfastSerializer } from "./index.js";

const serializer = new HoldfastSerializer();

it("C-65 a text that no string can hold is a ValueTooLargeError", { timeout: 120_000 }, () => {
  const part = "x".repeat(2 ** 27);
  expect(() => serializer.dump({ list: [part, part, part, part] }, "messages")).toThrow(ValueTooLargeError);
});

it("C-65 bytes whose base64 text no string can hold are a ValueTooLargeError", { timeout: 120_000 }, () => {
  expect(() => serializer.dump({ file: new Uint8Array(410_000_000) }, "messages")).toThrow(/messages\.file/);
  expect(() => serializer.dump({ file: new Uint8Array(410_000_000) }, "messages")).toThrow(ValueTooLargeError);
});
