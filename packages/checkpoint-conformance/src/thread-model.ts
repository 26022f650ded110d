import type { CheckpointPendingWrite, PendingWrite } from "@langchain/langgraph-checkpoint";

/** A checkpoint as the contract says it must be read. */
export interface ModelCheckpoint {
  readonly ns: string;
  readonly id: string;
  readonly parent: string | undefined;
  readonly values: Readonly<Record<string, unknown>>;
  readonly versions: Readonly<Record<string, number>>;
  readonly step: number;
}

const special = new Set(["__error__", "__scheduled__", "__interrupt__", "__resume__"]);

/** What the contract promises about one thread, in the simplest form: a list of checkpoints, and a map of writes. */
export class ThreadModel {
  #checkpoints: ModelCheckpoint[] = [];
  readonly #writes = new Map<string, Map<string, CheckpointPendingWrite>>();
  #marks = 0;

  /** A text that no other step of the program writes. */
  nextMark(): string {
    this.#marks += 1;
    return `${this.#marks}`;
  }

  /** In the order of commits, oldest first. */
  get checkpoints(): readonly ModelCheckpoint[] {
    return this.#checkpoints;
  }

  in(ns: string): readonly ModelCheckpoint[] {
    return this.#checkpoints.filter((checkpoint) => checkpoint.ns === ns);
  }

  /** A checkpoint that is there already keeps its place (C-31). */
  put(checkpoint: ModelCheckpoint): void {
    const same = (other: ModelCheckpoint): boolean => other.ns === checkpoint.ns && other.id === checkpoint.id;
    if (this.#checkpoints.some(same)) this.#checkpoints = this.#checkpoints.map((other) => (same(other) ? checkpoint : other));
    else this.#checkpoints.push(checkpoint);
  }

  /** An ordinary write stays, a special one is replaced (C-41). */
  putWrites(ns: string, id: string, task: string, writes: readonly PendingWrite[]): void {
    const key = JSON.stringify([ns, id]);
    const known = this.#writes.get(key) ?? new Map<string, CheckpointPendingWrite>();
    for (const [position, [channel, value]] of writes.entries()) {
      const place = JSON.stringify(special.has(channel) ? [task, channel] : [task, position]);
      if (special.has(channel) || !known.has(place)) known.set(place, [task, channel, value]);
    }
    this.#writes.set(key, known);
  }

  writes(ns: string, id: string): CheckpointPendingWrite[] {
    return [...(this.#writes.get(JSON.stringify([ns, id]))?.values() ?? [])];
  }

  delete(): void {
    this.#checkpoints = [];
    this.#writes.clear();
  }
}
