import { afterAll, beforeAll, beforeEach } from "vitest";
import type { LeaseTarget, LeasingSaver } from "./lease-target.js";
import { type Step, stepGraph } from "./step-graph.js";
import type { OpenOptions, TestStore } from "./target.js";

/** Two replicas on one store, and a thread for each test. */
export class IdempotentStage {
  readonly #target: LeaseTarget;
  #store: TestStore | undefined;
  #savers: LeasingSaver[] = [];
  #threads = 0;

  /** Registers what is done before and after the tests of a file. */
  constructor(target: LeaseTarget) {
    this.#target = target;
    beforeAll(async () => {
      this.#store = await target.openStore();
      this.#savers = [this.open(), this.open()];
    });
    afterAll(async () => {
      for (const each of this.#savers) await target.close(each);
      await this.#store?.drop();
    });
    beforeEach(() => {
      this.#threads += 1;
    });
  }

  open(options?: OpenOptions): LeasingSaver {
    return this.#target.open(this.#store?.url as string, options);
  }

  close(saver: LeasingSaver): Promise<void> {
    return this.#target.close(saver);
  }

  get saver(): LeasingSaver {
    return this.#savers[0] as LeasingSaver;
  }

  get other(): LeasingSaver {
    return this.#savers[1] as LeasingSaver;
  }

  get thread(): string {
    return `idempotent ${this.#threads}`;
  }

  readonly on = (message: unknown, thread = this.thread) => ({ configurable: { thread_id: thread, message_id: message } });

  readonly idsOf = async (): Promise<unknown[]> => {
    const ids: unknown[] = [];
    for await (const { checkpoint } of this.saver.list({ configurable: { thread_id: this.thread } })) ids.push(checkpoint.id);
    return ids;
  };

  /** A graph of steps on each replica, and which of them ran. */
  readonly replicas = (steps: Readonly<Record<string, Step>> = {}, build: typeof stepGraph = stepGraph) => {
    const ran: string[] = [];
    const counted = (name: string): Step => {
      return (config) => {
        ran.push(name);
        return steps[name]?.(config);
      };
    };
    const all = Object.fromEntries(["one", "two", "three"].map((name) => [name, counted(name)]));
    return { ran, graphs: [build(this.saver, all), build(this.other, all)] as const };
  };
}
