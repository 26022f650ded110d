import { type ChildProcess, fork } from "node:child_process";
import { setImmediate as nextTurn } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { RunnableConfig } from "@langchain/core/runnables";
import {
  BaseCheckpointSaver,
  type Checkpoint,
  type CheckpointListOptions,
  type CheckpointMetadata,
  type CheckpointTuple,
  type PendingWrite,
} from "@langchain/langgraph-checkpoint";
import type { CallMessage, SaverProcessMessage, SaverProcessOrders, SentError } from "./saver-process.js";
import type { Spawn } from "./target.js";

/** How another process is started. */
export interface SpawnedProcessOptions {
  /** How far its clock is off, in milliseconds. Default 0. */
  readonly clockOffsetMs?: number;
}

/** What a call rejects with whose process is gone before it has answered. */
class ProcessGoneError extends Error {
  override readonly name = "ProcessGoneError";
}

/** From `src` and from `dist`, it is the same file: what the build has made. */
const SCRIPT = fileURLToPath(new URL("../dist/saver-process.mjs", import.meta.url));

interface Call {
  onBegun?: (() => void) | undefined;
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** Of a run's config there may be much that cannot be sent; what savers look at are texts. */
const sendable = ({ configurable = {} }: RunnableConfig): RunnableConfig => ({
  configurable: Object.fromEntries(
    Object.entries(configurable).filter(([, value]) => ["string", "number", "bigint"].includes(typeof value)),
  ),
});

const errorOf = ({ name, message, stack, code }: SentError): Error => {
  const error = Object.assign(new Error(message), code === undefined ? {} : { code });
  Object.defineProperty(error, "name", { value: name, configurable: true, writable: true });
  if (stack !== undefined) error.stack = stack;
  return error;
};

/**
 * A saver in another process: each call is made there, with values that can be cloned. Whoever uses it learns of a result when that process has it,
 * and so knows what was acknowledged to it when it is killed.
 */
export class SpawnedSaver extends BaseCheckpointSaver {
  readonly #child: ChildProcess;
  readonly #like: BaseCheckpointSaver;
  readonly #calls = new Map<number, Call>();
  readonly #gone: Promise<void>;
  #lastCall = 0;
  #onBegun: (() => void) | undefined;
  #printed = "";

  private constructor(child: ChildProcess, like: BaseCheckpointSaver) {
    super(like.serde);
    this.#child = child;
    this.#like = like;
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#printed = `${this.#printed}${text}`.slice(-2_000);
    });
    // To a process that has just died; its end is told below.
    child.on("error", () => {});
    this.#gone = new Promise((resolve) => {
      child.once("close", (code, signal) => {
        for (const { reject } of this.#calls.values()) {
          reject(new ProcessGoneError(`The process has ended (${signal ?? `exit status ${code}`}). ${this.#printed}`));
        }
        this.#calls.clear();
        resolve();
      });
    });
  }

  /**
   * Starts a process, and resolves when it has opened its saver.
   *
   * @param like a saver of the same kind in this process, which tells how versions of channels are counted.
   */
  static async start(
    { module, store, execArgv = [] }: Spawn,
    like: BaseCheckpointSaver,
    { clockOffsetMs = 0 }: SpawnedProcessOptions = {},
  ): Promise<SpawnedSaver> {
    // Not with the options of this process: those of a test runner are its own.
    const stdio = ["ignore", "ignore", "pipe", "ipc"] as const;
    const child = fork(SCRIPT, { execArgv: [...execArgv], serialization: "advanced", stdio: [...stdio] });
    const saver = new SpawnedSaver(child, like);
    const ready = new Promise<unknown>((resolve, reject) => saver.#calls.set(0, { resolve, reject }));
    child.on("message", (message: SaverProcessMessage) => saver.#receive(message));
    const orders: SaverProcessOrders = { module: String(module), store, clockOffsetMs };
    try {
      // A store that cannot be cloned throws here and now.
      child.send(orders, () => {});
      await ready;
    } catch (error) {
      await saver.kill();
      throw error;
    }
    return saver;
  }

  #receive(message: SaverProcessMessage): void {
    const number = "call" in message ? message.call : 0;
    const call = this.#calls.get(number);
    if (message.kind === "begun") {
      call?.onBegun?.();
      return;
    }
    this.#calls.delete(number);
    if (message.kind === "error" || message.kind === "unusable") call?.reject(errorOf(message.error));
    else call?.resolve(message.kind === "result" ? message.result : undefined);
  }

  #call(method: string, ...args: readonly unknown[]): Promise<unknown> {
    this.#lastCall += 1;
    const message: CallMessage = { call: this.#lastCall, method, args };
    return new Promise((resolve, reject) => {
      if (!this.#child.connected) return reject(new ProcessGoneError("The process has ended before the call."));
      this.#calls.set(message.call, { resolve, reject, onBegun: this.#onBegun });
      // A value that cannot be cloned throws here and now.
      this.#child.send(message, () => {});
    });
  }

  /** SIGKILL. Resolves when the process is gone. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#gone;
  }

  /**
   * Makes a call, and kills the process when it has begun it and `moment` resolves. Whether the call was acknowledged all the same.
   *
   * @param moment asked again and again until it is true or the call has ended. Default: at once.
   */
  async killDuring(call: (saver: this) => Promise<unknown>, moment = async () => true): Promise<boolean> {
    const begun = new Promise<void>((resolve) => {
      this.#onBegun = resolve;
    });
    const outcome = call(this).then(
      () => true,
      (error: unknown) => {
        if (error instanceof ProcessGoneError) return false;
        throw error;
      },
    );
    await Promise.race([begun, outcome]);
    let over = false;
    const settled = outcome.finally(() => {
      over = true;
    });
    // Between two questions the process's answers are received, also where the moment is told without waiting for anything.
    while (!over && !(await moment())) await nextTurn();
    await this.kill();
    return settled;
  }

  /** `setup` of the target's `lifecycle`. */
  async setup(): Promise<void> {
    await this.#call("setup");
  }

  override async put(
    config: RunnableConfig,
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
    newVersions: Checkpoint["channel_versions"],
  ): Promise<RunnableConfig> {
    return (await this.#call("put", sendable(config), checkpoint, metadata, newVersions)) as RunnableConfig;
  }

  override async putWrites(config: RunnableConfig, writes: PendingWrite[], taskId: string): Promise<void> {
    await this.#call("putWrites", sendable(config), writes, taskId);
  }

  override async getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    return (await this.#call("getTuple", sendable(config))) as CheckpointTuple | undefined;
  }

  override async *list(config: RunnableConfig, options?: CheckpointListOptions): AsyncGenerator<CheckpointTuple> {
    yield* (await this.#call("list", sendable(config), options)) as CheckpointTuple[];
  }

  override async deleteThread(threadId: string): Promise<void> {
    await this.#call("deleteThread", threadId);
  }

  override getNextVersion(current: number | undefined): number {
    return this.#like.getNextVersion(current);
  }
}
