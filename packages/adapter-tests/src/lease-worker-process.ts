import { type NodeChild, spawnNode } from "@holdfast/test-servers";
import type { Order, Reported, Tells, Told } from "./children/lease-worker-messages.js";
import { storeEnvironment } from "./children/store-url.js";

type Outcome = Extract<Tells, { kind: "done" | "failed" }>;
type Step = Extract<Tells, { kind: "step" }>;

/** A process that runs exclusive graphs, and sweeps. */
export class LeaseWorkerProcess {
  readonly #child: NodeChild;
  #orders = 0;

  private constructor(child: NodeChild) {
    this.#child = child;
  }

  static async start(script: string, url: string): Promise<LeaseWorkerProcess> {
    const worker = new LeaseWorkerProcess(await spawnNode(script, { env: storeEnvironment(url) }));
    await worker.#next(({ kind }) => kind === "ready");
    return worker;
  }

  /** Gives an order; what it came to. Whoever kills the worker need not look at it. */
  order(order: Order): Promise<Outcome> {
    const outcome = this.#order(order);
    outcome.catch(() => undefined);
    return outcome;
  }

  async #order(order: Order): Promise<Outcome> {
    this.#orders += 1;
    const id = this.#orders;
    await this.#tell({ kind: "order", id, order });
    return (await this.#next((each) => (each.kind === "done" || each.kind === "failed") && each.id === id)) as Outcome;
  }

  /** Waits until a step of that name has begun. */
  async step(name: string): Promise<Step> {
    return (await this.#next((each) => each.kind === "step" && each.name === name)) as Step;
  }

  /** Waits until a step that was held goes on; the code of why its signal has aborted. */
  async released(): Promise<string | undefined> {
    return ((await this.#next(({ kind }) => kind === "released")) as Extract<Tells, { kind: "released" }>).lost;
  }

  async report(): Promise<Reported> {
    return ((await this.#next(({ kind }) => kind === "report")) as Extract<Tells, { kind: "report" }>).report;
  }

  /** Lets the steps that are held, and those that come, go on. */
  goOn(): Promise<void> {
    return this.#tell({ kind: "go on" });
  }

  /** Aborts the sweep. */
  stopSweep(): Promise<void> {
    return this.#tell({ kind: "stop" });
  }

  /** SIGSTOP. */
  freeze(): Promise<void> {
    return this.#child.stop();
  }

  /** SIGCONT. */
  thaw(): void {
    this.#child.continue();
  }

  /** SIGKILL; all that it told and nobody took, until it was gone. */
  async kill(): Promise<readonly Tells[]> {
    await this.#child.kill();
    const left: Tells[] = [];
    for await (const each of this.#child.messages) left.push(each as Tells);
    return left;
  }

  /** SIGTERM, as in a rolling deploy. */
  async terminate(): Promise<void> {
    await this.#child.kill("SIGTERM");
  }

  /** When it has ended by itself. */
  get exited(): NodeChild["exited"] {
    return this.#child.exited;
  }

  #tell(message: Told): Promise<void> {
    return this.#child.send(message);
  }

  #next(isWanted: (each: Tells) => boolean): Promise<Tells> {
    return this.#child.nextMessage((each): each is Tells => isWanted(each as Tells));
  }
}
