import { eventually, type NodeChild, spawnNode } from "@holdfast/test-servers";
import { type ClientArguments, type ClientIsTold, type ClientTells, PATIENCE_MS } from "../children/history-client.js";
import { storeEnvironment } from "../children/store-url.js";
import { now } from "../recorded.js";
import type { KeepingOptions, KeepingSaver, Underneath } from "../retention/target.js";
import { HistoryClient } from "./client.js";
import { freeReplaced } from "./free-replaced.js";
import { isGraphThread } from "./graph-motifs.js";
import { type Disturbance, type History, OLD_STORE, type Operation } from "./history.js";
import { isFault } from "./is-fault.js";
import { Network } from "./network.js";
import type { FaultName } from "./planted-faults.js";
import { isServerFault, ServerFaults, type Servers } from "./server-faults.js";
import { type Action, type Fault, type Setting, type Step, threadsOf } from "./step.js";

export interface StageOptions {
  /** The bundled program of a client. */
  readonly script: string;
  readonly url: string;
  /** Of the old store, of which threads are taken over. */
  readonly oldUrl: string;
  readonly setting: Setting;
  readonly plantedFault?: FaultName | undefined;
  /** The servers of a store. Default: the one that its URL names. */
  readonly addresses?: readonly { readonly host: string; readonly port: number }[] | undefined;
  /** A URL for those who go through a network. Default: of one server. */
  through?(network: Network, url: string): string;
  /** Of both stores, as far as they can fail. */
  readonly servers?: Servers | undefined;
  /** A saver of the checker itself, past all faults, which remembers nothing. */
  open(url: string, options?: Pick<KeepingOptions, "fallback">): KeepingSaver;
  close(saver: KeepingSaver): Promise<void>;
  inspect(url: string, threadId: string): Promise<Underneath>;
  /** Ends all connections to the store, as an administrator does. */
  endConnections?: ((url: string) => Promise<unknown>) | undefined;
}

/** A client and its network. */
interface Actor {
  readonly name: string;
  readonly child: NodeChild;
  readonly network: Network;
  /** Resolves for the message that is awaited. */
  readonly waiting: Map<string, () => void>;
  /** When all that it told has been taken. */
  readonly drained: Promise<void>;
  isFrozen: boolean;
  isKilled: boolean;
}

/** Processes that share a store, on which programs are played. */
export class Stage {
  readonly #options: StageOptions;
  readonly #actors: Actor[] = [];
  #started = 0;
  #programs = 0;
  #operations = new Map<string, Operation>();
  #disturbances: Disturbance[] = [];
  #deaths: string[] = [];

  private constructor(options: StageOptions) {
    this.#options = options;
  }

  static async open(options: StageOptions): Promise<Stage> {
    const stage = new Stage(options);
    const actors = await Promise.all(options.setting.savers.map((_, by) => stage.#start(by)));
    stage.#actors.push(...actors);
    return stage;
  }

  async close(): Promise<void> {
    await Promise.all(this.#actors.map((actor) => this.#end(actor, () => this.#tell(actor, { kind: "end" }))));
  }

  /** What processes asked and were told while a program was played, and what was there in the end. */
  async play(program: readonly Step[]): Promise<History> {
    this.#operations = new Map();
    this.#disturbances = [];
    this.#deaths = [];
    this.#programs += 1;
    const prefix = `${process.pid}-${stages}-${this.#programs}: `;
    stages += 1;
    if (this.#options.setting.hasFallback) await this.#fillOldStore(prefix);
    await Promise.all(this.#actors.map((actor) => this.#ask(actor, { kind: "begin", prefix }, "begun")));
    const servers = new ServerFaults(this.#options.servers ?? {}, this.#options.url, prefix);
    const going: Promise<void>[] = [];
    for (const [number, { by, waits, action }] of program.entries()) {
      const actor = this.#actors[by] as Actor;
      if (isServerFault(action)) {
        const disturbance = await servers.perform(action);
        if (disturbance !== undefined) this.#disturbances.push(disturbance);
        continue;
      }
      if (isFault(action)) {
        await this.#disturb(by, action.do, prefix);
        continue;
      }
      const done = this.#ask(actor, { kind: "perform", step: number, action }, `performed ${number}`);
      going.push(done);
      if (waits && !actor.isFrozen) await done;
    }
    await servers.heal();
    for (const [by, actor] of this.#actors.entries()) {
      await this.#disturb(by, "thaw", prefix);
      actor.network.restore();
      await actor.network.deliver();
    }
    await Promise.all(going);
    for (const actor of this.#actors) await this.#ask(actor, { kind: "settle" }, "settled");
    await this.#lookOnceMore(prefix, threadsOf(program));
    return {
      operations: [...this.#operations.values()].sort((a, b) => a.from - b.from),
      patienceMs: 0.75 * PATIENCE_MS,
      disturbances: this.#disturbances,
      deaths: this.#deaths,
    };
  }

  async #fillOldStore(prefix: string): Promise<void> {
    const { open, close, oldUrl } = this.#options;
    const saver = open(oldUrl);
    const client = this.#observer(OLD_STORE, 0, saver, prefix);
    const on = { thread: "old" } as const;
    const actions: Action[] = [
      { do: "begin a run", ...on, run: 0 },
      { do: "put", ...on },
      { do: "put", ...on },
      { do: "put in subgraph", ...on, isNew: false },
      { do: "put", ...on },
      { do: "write", ...on, task: 0, isSpecial: false },
      { do: "write", ...on, task: 1, isSpecial: true },
    ];
    for (const action of actions) await client.perform(action);
    await close(saver);
  }

  /** Every process reads all, with what it remembers; and so does one that remembers nothing. What puts have replaced is freed; then a look underneath, and all goes. */
  async #lookOnceMore(prefix: string, threads: readonly string[]): Promise<void> {
    const looks = threads.flatMap((thread): Action[] => [
      { do: "read", thread },
      { do: "list", thread },
      ...(isGraphThread(thread) ? [{ do: "look at the state", thread } as const] : []),
    ]);
    for (const actor of this.#actors) {
      for (const [number, action] of looks.entries()) {
        const step = -1 - number;
        await this.#ask(actor, { kind: "perform", step, action }, `performed ${step}`);
      }
    }
    const { open, close, url, oldUrl, setting, inspect } = this.#options;
    const old = setting.hasFallback ? open(oldUrl) : undefined;
    const saver = open(url, old && { fallback: old });
    const observer = this.#observer("the observer", 98, saver, prefix);
    for (const action of [...looks, { do: "list threads" }, { do: "list" }] as Action[]) await observer.perform(action);
    await freeReplaced(saver, prefix);
    for (const thread of threads) {
      const from = now();
      const { checkpoints, segments, writes, orphans } = await inspect(url, `${prefix}${thread}`);
      const rows = checkpoints + segments + writes;
      const look = {
        kind: "underneath",
        process: "the observer",
        thread,
        rows,
        orphans,
        from,
        to: now(),
        outcome: "ok",
      } as const;
      this.#operations.set(`underneath ${thread}`, look);
    }
    for (const thread of threads) {
      // A process that was killed may have left a lease.
      await eventually(`nobody has ${thread}`, () => saver.deleteThread(`${prefix}${thread}`).then(() => true));
    }
    await close(saver);
    if (old !== undefined) await close(old);
  }

  #observer(name: string, number: number, saver: KeepingSaver, prefix: string): HistoryClient {
    const tell = (id: string, operation: Operation): void => void this.#operations.set(id, operation);
    const { close } = this.#options;
    const client = new HistoryClient({ name, number, isRejecting: false, open: () => saver, close, tell });
    client.begin(prefix);
    return client;
  }

  async #start(by: number): Promise<Actor> {
    this.#started += 1;
    const number = this.#started;
    const { url, oldUrl, setting, plantedFault, script } = this.#options;
    const server = new URL(url);
    const network = await Network.open(this.#options.addresses ?? [{ host: server.hostname, port: Number(server.port) }]);
    const through = (address: string): string => this.#options.through?.(network, address) ?? network.url(address);
    const name = `process ${by}${number <= setting.savers.length ? "" : ` (${number})`}`;
    const given: ClientArguments = {
      name,
      number,
      setting: setting.savers[by] ?? {},
      ...(setting.hasFallback && { fallbackUrl: through(oldUrl) }),
      ...(plantedFault !== undefined && { plantedFault }),
    };
    const child = await spawnNode(script, { args: [JSON.stringify(given)], env: storeEnvironment(through(url)) });
    const waiting = new Map<string, () => void>();
    const drain = async (): Promise<void> => {
      for await (const message of child.messages as AsyncIterable<ClientTells>) {
        if (message.kind === "operation") this.#operations.set(message.id, message.operation);
        else {
          const awaited = message.kind === "performed" ? `performed ${message.step}` : message.kind;
          waiting.get(awaited)?.();
          waiting.delete(awaited);
        }
      }
      for (const wake of waiting.values()) wake();
      waiting.clear();
    };
    const ready = new Promise<void>((resolve) => waiting.set("ready", resolve));
    const actor: Actor = { name, child, network, waiting, drained: drain(), isFrozen: false, isKilled: false };
    void child.exited.then(({ code, signal }) => {
      if (!actor.isKilled) this.#deaths.push(`${name} (code ${code}, signal ${signal}): ${child.stderr.slice(0, 2_000)}`);
    });
    await ready;
    return actor;
  }

  async #end(actor: Actor, how: () => Promise<unknown>): Promise<void> {
    actor.isKilled = true;
    await how();
    await actor.child.exited;
    await actor.drained;
    await actor.network.stop();
  }

  async #tell(actor: Actor, message: ClientIsTold): Promise<void> {
    // A process that is gone answers nothing; `drained` wakes those who wait.
    await actor.child.send(message).catch(() => {});
  }

  /** Resolves when it has answered, or is gone. */
  async #ask(actor: Actor, message: ClientIsTold, answer: string): Promise<void> {
    const answered = new Promise<void>((resolve) => actor.waiting.set(answer, resolve));
    await this.#tell(actor, message);
    await Promise.race([answered, actor.drained]);
  }

  async #disturb(by: number, fault: Fault, prefix: string): Promise<void> {
    const actor = this.#actors[by] as Actor;
    const { network, child, name } = actor;
    const from = now();
    switch (fault) {
      case "cut":
        network.cut();
        break;
      case "lose an answer":
        network.loseAnAnswer(() => this.#disturbances.push({ process: name, from, to: now() }));
        return;
      case "strand":
        network.strand();
        break;
      case "deliver":
        await network.deliver();
        break;
      case "partition":
        network.blackhole();
        break;
      case "heal":
        network.restore();
        break;
      case "freeze":
        if (!actor.isFrozen) await child.stop();
        actor.isFrozen = true;
        break;
      case "thaw":
        if (actor.isFrozen) child.continue();
        actor.isFrozen = false;
        break;
      case "kill": {
        await this.#end(actor, () => child.kill());
        const next = await this.#start(by);
        this.#actors[by] = next;
        await this.#ask(next, { kind: "begin", prefix }, "begun");
        break;
      }
      case "terminate":
        await this.#options.endConnections?.(this.#options.url);
        this.#disturbances.push({ from, to: now() });
        return;
    }
    this.#disturbances.push({ process: name, from, to: now() });
  }
}

/** Stages of one process share a store. */
let stages = 0;
