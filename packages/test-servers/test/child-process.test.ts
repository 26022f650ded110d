import { afterEach, describe, expect, test } from "vitest";
import { eventually, type NodeChild, type SpawnNodeOptions, spawnNode } from "../src/index.js";
import { processState } from "../src/process-state.js";

const ECHO = new URL("./children/echo.mjs", import.meta.url);

const spawned: NodeChild[] = [];

async function spawnEcho(options?: SpawnNodeOptions): Promise<NodeChild> {
  const child = await spawnNode(ECHO, options);
  spawned.push(child);
  await child.nextMessage((message) => message === "ready");
  return child;
}

afterEach(async () => {
  await Promise.all(spawned.splice(0).map((child) => child.kill()));
});

describe("spawnNode", () => {
  test("passes arguments and environment, and keeps what the child prints", async () => {
    const child = await spawnEcho({ args: ["one", "two"], env: { HOLDFAST_TEST_GREETING: "hello" } });
    await child.kill();
    expect(child.stdout).toBe("args one two env hello\n");
    expect(child.stderr).toBe("a warning\n");
  });

  test("exchanges values, not only JSON", async () => {
    const child = await spawnEcho();
    const message = { big: 10n, at: new Date(5), map: new Map([["a", new Uint8Array([1])]]), nothing: undefined };
    await child.send(message);
    expect(await child.nextMessage()).toEqual({ echo: message });
  });

  test("nextMessage takes the message asked for and leaves the others", async () => {
    const child = await spawnEcho();
    await child.send("first");
    await child.send("second");
    const isSecond = (message: unknown): boolean => JSON.stringify(message) === '{"echo":"second"}';
    expect(await child.nextMessage(isSecond)).toEqual({ echo: "second" });
    expect(await child.nextMessage()).toEqual({ echo: "first" });
  });

  test("messages ends when the child is gone, after its last words", async () => {
    const child = await spawnEcho();
    await child.send(1);
    await child.send("exit");
    const seen: unknown[] = [];
    for await (const message of child.messages) seen.push(message);
    expect(seen).toEqual([{ echo: 1 }, "last words"]);
    expect(await child.exited).toEqual({ code: 3, signal: null });
  });

  test("nextMessage of a child that exits fails, with what it printed", async () => {
    const child = await spawnEcho();
    const waiting = child.nextMessage();
    await child.kill();
    await expect(waiting).rejects.toThrow(/signal SIGKILL.*\n.*a warning/s);
  });

  test("kill kills", async () => {
    const child = await spawnEcho();
    expect(await child.kill()).toEqual({ code: null, signal: "SIGKILL" });
    expect(await processState(child.pid)).toBeUndefined();
    await expect(child.send("anyone?")).rejects.toThrow();
  });

  test("stop freezes the child, continue wakes it, and kill works on a frozen one", async () => {
    const child = await spawnEcho();
    await child.stop();
    expect(await processState(child.pid)).toBe("T");
    await child.send("while frozen");
    child.continue();
    expect(await child.nextMessage()).toEqual({ echo: "while frozen" });
    await child.stop();
    expect(await child.kill()).toEqual({ code: null, signal: "SIGKILL" });
  });

  test("a child dies with its parent, however the parent dies, even when it stands still", async () => {
    const parent = await spawnNode(new URL("./children/parent.ts", import.meta.url), { args: [ECHO.href] });
    spawned.push(parent);
    const pid = await parent.nextMessage((message) => typeof message === "number");
    expect(await processState(pid as number)).toBe("T");
    await parent.kill("SIGKILL");
    await eventually("the grandchild is gone", async () => (await processState(pid as number)) === undefined);
  });
});
