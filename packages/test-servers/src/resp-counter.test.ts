import { expect, test } from "vitest";
import { RespCounter } from "./resp-counter.js";

/** Read whole, and byte by byte. */
function counted(text: string): { count: number; isBetween: boolean }[] {
  const bytes = Buffer.from(text, "latin1");
  const [whole, bitwise] = [new RespCounter(), new RespCounter()];
  whole.read(bytes);
  for (const byte of bytes) bitwise.read(Buffer.of(byte));
  return [whole, bitwise].map(({ count, isBetween }) => ({ count, isBetween }));
}

test.each([
  ["lines", "+OK\r\n-ERR no\r\n:7\r\n_\r\n,1.5\r\n#t\r\n(123\r\n", 7],
  ["strings, with what looks like others in them", "$8\r\n+OK\r\n:1\r\r\n$0\r\n\r\n$-1\r\n=5\r\ntxt:a\r\n!3\r\nERR\r\n", 5],
  ["lists in lists", "*2\r\n*2\r\n$1\r\na\r\n:1\r\n*0\r\n*-1\r\n~1\r\n*1\r\n_\r\n", 3],
  ["maps", "%2\r\n+a\r\n:1\r\n+b\r\n%1\r\n+c\r\n*0\r\n%0\r\n", 2],
  ["commands in a pipeline", "*1\r\n$4\r\nPING\r\n*2\r\n$3\r\nGET\r\n$1\r\na\r\n", 2],
])("counts %s", (_, text, count) => {
  expect(counted(text)).toEqual([
    { count, isBetween: true },
    { count, isBetween: true },
  ]);
});

test("push messages and attributes answer nothing", () => {
  const push = ">2\r\n+invalidate\r\n*1\r\n$1\r\na\r\n";
  const attribute = "|1\r\n+ttl\r\n:3\r\n";
  const [whole] = counted(`${push}${attribute}*2\r\n${attribute}:1\r\n:2\r\n${push}`);
  expect(whole).toEqual({ count: 1, isBetween: true });
});

test.each(["*1\r\n", "*2\r\n+a\r\n", "$3\r\nab", "$3\r\nabc\r", "+O", "$-"])("is not between two after %j", (text) => {
  expect(counted(`+OK\r\n${text}`)).toEqual([
    { count: 1, isBetween: false },
    { count: 1, isBetween: false },
  ]);
});
