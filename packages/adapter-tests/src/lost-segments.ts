import { afterAll, beforeAll, expect, it } from "vitest";
import { at, checkpointOf, putWhole } from "./plain-checkpoints.js";
import type { AdapterTarget, TestedSaver, TestStore } from "./target.js";

export interface LostSegmentsTarget extends AdapterTarget {
  /** Takes back all that was stored in a thread since it was begun, as a failover to a server that lagged does. */
  takeBack(url: string, thread: string): Promise<void>;
}

/** Text in which nothing repeats itself, so that it is stored as a segment and others are compressed against it. */
function textOf(length: number, seed: number): string {
  let state = seed;
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return String.fromCharCode(97 + ((state >>> 16) % 26));
  }).join("");
}

/** Registers the tests of a store that has lost what it acknowledged, beneath a process that goes on. */
export function lostSegmentTests(target: LostSegmentsTarget): void {
  let store: TestStore;
  let [writer, reader]: TestedSaver[] = [];

  beforeAll(async () => {
    store = await target.openStore();
    [writer, reader] = [target.open(store.url), target.open(store.url)];
  });
  afterAll(async () => {
    await Promise.all([writer, reader].map((saver) => saver && target.close(saver)));
    await store?.drop();
  });

  const text = textOf(20_000, 1);
  const saverOf = (saver: TestedSaver | undefined): TestedSaver => saver as TestedSaver;

  it("C-74 a checkpoint on one that is lost, with what it links to, is stored whole", async () => {
    const [thread, first] = ["lost checkpoint", checkpointOf({ text, log: ["one"] })];
    await putWhole(saverOf(writer), thread, first);
    await target.takeBack(store.url, thread);
    const second = checkpointOf({ text, log: ["one", "two"] }, 1);
    second.channel_versions.log = 2;
    await saverOf(writer).put(at(thread, first.id), second, { source: "loop", step: 1, parents: {} }, { log: 2 });
    const read = await saverOf(reader).getTuple(at(thread));
    expect(read?.checkpoint.channel_values).toEqual({ text, log: ["one", "two"] });
    // And so is what follows: nothing of what was lost is linked to any more.
    const third = checkpointOf({ text: `${text}!`, log: ["one", "two"] }, 2);
    await saverOf(writer).put(at(thread, second.id), third, { source: "loop", step: 2, parents: {} }, { text: 2 });
    expect((await saverOf(reader).getTuple(at(thread)))?.checkpoint.channel_values).toEqual({
      text: `${text}!`,
      log: ["one", "two"],
    });
  });

  it("C-74 writes that would link to what is lost are stored whole", async () => {
    const [thread, first] = ["lost context", checkpointOf({ text })];
    await putWhole(saverOf(writer), thread, first);
    await target.takeBack(store.url, thread);
    // Compressed against the text of the checkpoint, if that is there.
    const said = `${text.slice(0, 2_000)}${textOf(1_000, 2)}`;
    await saverOf(writer).putWrites(at(thread, first.id), [["said", said]], "task");
    // Writes show when their checkpoint is there; this one does not bring the text back.
    await putWhole(saverOf(reader), thread, { ...first, channel_values: {}, channel_versions: {} });
    expect((await saverOf(reader).getTuple(at(thread)))?.pendingWrites).toEqual([["task", "said", said]]);
  });
}
