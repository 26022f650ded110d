import { afterAll, beforeAll, expect, it } from "vitest";
import { type BundledChild, bundleChild } from "./bundled-child.js";
import type { LeaseTarget, LeasingSaver } from "./lease-target.js";
import { LeaseWorkerProcess } from "./lease-worker-process.js";
import { integerOf, type Random, seeded } from "./seeded.js";
import type { TestStore } from "./target.js";

const [MESSAGES, THREADS, WORKERS, AT_ONCE] = [1_000, 100, 3, 16];
/** After so many answers, a worker is killed or deployed anew, in turn. */
const ANSWERS_BETWEEN_ENDS = 40;

interface Message {
  readonly thread: string;
  readonly id: string;
}

/** Workers that come and go, and a sender that delivers each message until it is answered. */
class Service {
  readonly #start: () => Promise<LeaseWorkerProcess>;
  readonly #random: Random;
  readonly #workers: LeaseWorkerProcess[] = [];
  readonly answers = new Map<string, unknown[]>();
  answered = 0;
  redelivered = 0;
  readonly ends = { killed: 0, deployed: 0 };
  #ending: Promise<void> = Promise.resolve();

  constructor(start: () => Promise<LeaseWorkerProcess>, random: Random) {
    this.#start = start;
    this.#random = random;
  }

  async open(): Promise<void> {
    this.#workers.push(...(await Promise.all(Array.from({ length: WORKERS }, this.#start))));
  }

  async close(): Promise<void> {
    await this.#ending;
    await Promise.all(this.#workers.map((worker) => worker.kill()));
  }

  /** A message comes once, twice at the same time, or again when it was answered. */
  async receive(message: Message): Promise<void> {
    const kind = integerOf(this.#random, 0, 2);
    await Promise.all([this.#deliver(message), ...(kind === 1 ? [this.#deliver(message)] : [])]);
    if (kind === 2) await this.#deliver(message);
  }

  async #deliver({ thread, id }: Message): Promise<void> {
    for (;;) {
      const worker = this.#workers[integerOf(this.#random, 0, WORKERS - 1)] as LeaseWorkerProcess;
      const outcome = await worker.order({ kind: "message", graph: "steps", thread, id, ttlMs: 3_000 }).catch(() => undefined);
      if (outcome?.kind === "done") {
        this.answers.set(id, [...(this.answers.get(id) ?? []), outcome.values]);
        this.#count();
        return;
      }
      this.redelivered += 1;
    }
  }

  #count(): void {
    this.answered += 1;
    if (this.answered % ANSWERS_BETWEEN_ENDS === 0) this.#ending = this.#ending.then(() => this.#replaceOne());
  }

  async #replaceOne(): Promise<void> {
    const place = integerOf(this.#random, 0, WORKERS - 1);
    const old = this.#workers[place] as LeaseWorkerProcess;
    const isKilled = this.ends.killed <= this.ends.deployed;
    this.ends[isKilled ? "killed" : "deployed"] += 1;
    // The new one comes first: nobody waits for it.
    this.#workers[place] = await this.#start();
    await (isKilled ? old.kill() : old.terminate());
  }
}

/** Registers the test of webhooks that are doubled, on workers that are killed and deployed anew. */
export function webhookTests(target: LeaseTarget): void {
  let store: TestStore;
  let script: BundledChild;
  let saver: LeasingSaver;

  beforeAll(async () => {
    [store, script] = await Promise.all([target.openStore(), bundleChild(new URL("lease-worker.ts", target.children))]);
    saver = target.open(store.url);
  });
  afterAll(async () => {
    if (saver !== undefined) await target.close(saver);
    await Promise.all([store?.drop(), script?.remove()]);
  });

  it(
    `C-100 C-101 ${MESSAGES} messages, doubled at random, on ${WORKERS} workers that are killed and redeployed: each is answered once`,
    {
      timeout: 900_000,
    },
    seeded(async (random) => {
      const service = new Service(() => LeaseWorkerProcess.start(script.path, store.url), random);
      await service.open();
      try {
        const left = Array.from({ length: MESSAGES }, (_, n): Message => ({ thread: `chat ${n % THREADS}`, id: `m${n}` }));
        const send = async (): Promise<void> => {
          for (let next = left.pop(); next !== undefined; next = left.pop()) await service.receive(next);
        };
        await Promise.all(Array.from({ length: AT_ONCE }, send));
      } finally {
        await service.close();
      }
      const { killed, deployed } = service.ends;
      expect(Math.min(killed, deployed), "workers that were killed, and deployed").toBeGreaterThan(10);
      const lines: string[] = [];
      for (let n = 0; n < THREADS; n += 1) {
        const tuple = await saver.getTuple({ configurable: { thread_id: `chat ${n}` } });
        lines.push(...((tuple?.checkpoint.channel_values.log as string[] | undefined) ?? []));
      }
      // Each one as a whole: no message came between the steps of another.
      const turns = Array.from({ length: lines.length / 3 }, (_, n) => lines.slice(3 * n, 3 * n + 3).join());
      expect(turns.sort()).toEqual(Array.from({ length: MESSAGES }, (_, n) => `one m${n},two m${n},three m${n}`).sort());
      for (const [id, [first, ...others]] of service.answers) for (const each of others) expect(each, id).toEqual(first);
    }),
  );
}
