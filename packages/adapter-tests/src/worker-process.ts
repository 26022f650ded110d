import { type NodeChild, spawnNode } from "@holdfast/test-servers";
import type { Progress, Turn } from "./children/graph-worker-messages.js";
import { storeEnvironment } from "./children/store-url.js";

/** A process that runs turns of the worker graph. */
export class WorkerProcess {
  readonly #child: NodeChild;

  private constructor(child: NodeChild) {
    this.#child = child;
  }

  static async start(script: string, url: string, args: readonly string[] = []): Promise<WorkerProcess> {
    const worker = new WorkerProcess(await spawnNode(script, { args, env: storeEnvironment(url) }));
    await worker.#next();
    return worker;
  }

  /** Runs a turn to its end; what the worker told meanwhile, the last of it "done". */
  async run(turn: Turn): Promise<readonly Progress[]> {
    await this.#child.send(turn);
    const told: Progress[] = [];
    for (;;) {
      const progress = await this.#next();
      told.push(progress);
      if (progress.kind === "failed") throw new Error(`The worker's run of ${turn.order} failed: ${progress.error}`);
      if (progress.kind === "done") return told;
    }
  }

  /** Begins a turn and kills the process when it has told so many things; all that it told until it was gone. */
  async runAndKill(turn: Turn, after: number): Promise<readonly Progress[]> {
    await this.#child.send(turn);
    const told: Progress[] = [];
    while (told.length < after && told.at(-1)?.kind !== "done") told.push(await this.#next());
    await this.#child.kill();
    for await (const progress of this.#child.messages) told.push(progress as Progress);
    return told;
  }

  async kill(): Promise<void> {
    await this.#child.kill();
  }

  async #next(): Promise<Progress> {
    return this.#child.nextMessage((message): message is Progress => message !== undefined);
  }
}
