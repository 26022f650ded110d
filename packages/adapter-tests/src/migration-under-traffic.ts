import { importThreads } from "@holdfast/checkpoint-core";
import { gate } from "@holdfast/test-servers";
import { Command } from "@langchain/langgraph";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { expect, it } from "vitest";
import { conversationGraph } from "./migration/conversation-graph.js";
import { officialPostgres } from "./migration/old-savers.js";
import { at } from "./plain-checkpoints.js";
import { integerOf, type Random, seeded } from "./seeded.js";
import type { MigrationTarget } from "./target.js";

const CONVERSATIONS = 16;
const REQUESTS = 12;

/** What a user of a conversation sends, one after the other: after each `risky` input, the answer to the question that it raises. */
function requestsOf(conversation: number): string[] {
  return Array.from({ length: REQUESTS }, (_, n) => {
    if (conversation % 2 === 0) return `turn ${n}`;
    return n % 2 === 0 ? `risky turn ${n}` : "yes";
  });
}

/** What is in the log when all of that was done, once and in order. */
function logOf(requests: readonly string[]): string[] {
  return requests.flatMap((request, n) => {
    if (request === "yes") return [`did ${requests[n - 1]}, since I was told yes`];
    return request.startsWith("risky") ? [`thought of ${request}`] : [`thought of ${request}`, `did ${request}`];
  });
}

/** Conversations that are in the middle of a turn when the service switches: some with questions, some without. */
const isHeld = (conversation: number): boolean => conversation % 4 === 0 || conversation % 8 === 5;
const HELD = Array.from({ length: CONVERSATIONS }, (_, n) => n).filter(isHeld).length;

/** Registers the test of a service that switches from the official Postgres saver under traffic, and back. */
export function migrationUnderTrafficTests(target: MigrationTarget): void {
  it(
    "C-113 a service switches from the official Postgres saver under traffic, and back: no failed request, no lost turn",
    { timeout: 180_000 },
    seeded(async (random) => {
      const [store, old] = await Promise.all([target.openStore(), officialPostgres(target.postgresUrl())]);
      const blue = [old.saver, old.another()];
      const green = Array.from({ length: 3 }, () => target.open(store.url, { fallback: old.another() }));
      const traffic = new Traffic(blue, random);
      const conversations = Array.from({ length: CONVERSATIONS }, (_, n) => traffic.converse(n));
      // In the middle of turns, of which some go on in the old replicas until all others have switched.
      await traffic.isInTheMiddle;
      traffic.switchTo(green);
      await Promise.all(conversations);
      expect(traffic.servedBy(blue), "requests to old replicas").toBeGreaterThan(CONVERSATIONS);
      expect(traffic.servedBy(green), "requests to new replicas").toBeGreaterThan(CONVERSATIONS);

      // One that has had no request since the switch is still in the old store only.
      await conversationGraph(old.saver).invoke({ input: "rare" }, at("rare"));
      const fresh = await officialPostgres(target.postgresUrl());
      const [from] = green;
      if (from === undefined) expect.fail("There is one.");
      const report = await importThreads(from, fresh.saver);
      expect(report).toMatchObject({ threads: CONVERSATIONS + 1, leftAlone: [] });
      for (let n = 0; n < CONVERSATIONS; n += 1) {
        const requests = requestsOf(n);
        for (const saver of [from, fresh.saver]) {
          expect((await conversationGraph(saver).getState(at(`conversation ${n}`))).values.log).toEqual(logOf(requests));
        }
        const { log } = await conversationGraph(fresh.saver).invoke({ input: "back" }, at(`conversation ${n}`));
        expect(log).toEqual(logOf([...requests, "back"]));
      }
      await Promise.all(green.map((saver) => target.close(saver)));
      await Promise.all([store.drop(), old.close(), fresh.close()]);
    }),
  );
}

/** Conversations that send each request to any of the replicas that serve at the time, when the one before is answered. */
class Traffic {
  readonly #random: Random;
  readonly #served = new Map<BaseCheckpointSaver, number>();
  readonly #middle = gate();
  readonly #switchedOver = gate();
  readonly #othersHaveSwitched = gate();
  readonly #waiting = new Set<number>();
  #replicas: readonly BaseCheckpointSaver[];
  #switched = 0;

  constructor(replicas: readonly BaseCheckpointSaver[], random: Random) {
    this.#replicas = replicas;
    this.#random = random;
  }

  /** When all that are held are in the middle of a turn, in which they stay for now. */
  get isInTheMiddle(): Promise<void> {
    return this.#middle.opened;
  }

  switchTo(replicas: readonly BaseCheckpointSaver[]): void {
    this.#replicas = replicas;
    this.#switchedOver.open();
  }

  servedBy(replicas: readonly BaseCheckpointSaver[]): number {
    return replicas.reduce((sum, replica) => sum + (this.#served.get(replica) ?? 0), 0);
  }

  async converse(conversation: number): Promise<void> {
    const thread = at(`conversation ${conversation}`);
    for (const [n, request] of requestsOf(conversation).entries()) {
      // The others wait for the switch before the last requests, so that there are some after it.
      if (!isHeld(conversation) && n === REQUESTS / 2 + (conversation % 3)) {
        await this.#switchedOver.opened;
        this.#noteSwitch();
      }
      const replica = this.#replicas[integerOf(this.#random, 0, this.#replicas.length - 1)] as BaseCheckpointSaver;
      this.#served.set(replica, (this.#served.get(replica) ?? 0) + 1);
      const isHeldNow = isHeld(conversation) && n === REQUESTS / 2;
      const graph = conversationGraph(replica, isHeldNow ? () => this.#stay(conversation) : undefined);
      await graph.invoke(request === "yes" ? new Command({ resume: "yes" }) : { input: request }, thread);
    }
  }

  async #stay(conversation: number): Promise<void> {
    this.#waiting.add(conversation);
    if (this.#waiting.size === HELD) this.#middle.open();
    await this.#othersHaveSwitched.opened;
  }

  #noteSwitch(): void {
    this.#switched += 1;
    if (this.#switched === CONVERSATIONS - HELD) this.#othersHaveSwitched.open();
  }
}
