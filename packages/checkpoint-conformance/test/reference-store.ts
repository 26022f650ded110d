import { WRITES_IDX_MAP } from "@langchain/langgraph-checkpoint";
import { type Failure, holdfastErrors } from "../src/target.js";

/** An error with the code that the suite looks for. */
export class ReferenceSaverError extends Error {
  readonly code: string;

  constructor(
    failure: Failure,
    message: string,
    readonly owner?: string,
  ) {
    super(message);
    this.code = holdfastErrors[failure];
  }
}

/** A channel value or the value of a write, as it is kept. */
export type Kept = { readonly plain: unknown } | { readonly type: string; readonly bytes: Uint8Array };

export interface Row {
  readonly thread: string;
  readonly ns: string;
  readonly id: string;
  readonly parent: string | undefined;
  /** Everything of the checkpoint but its values. */
  readonly frame: Readonly<Record<string, unknown>>;
  readonly versions: Readonly<Record<string, number | string>>;
  readonly values: ReadonlyMap<string, Kept>;
  readonly metadata: string;
  /** Its place in the order of commits. */
  readonly commit: number;
}

export interface WriteRow {
  readonly task: string;
  readonly channel: string;
  readonly position: number;
  /** `undefined` where none was given. */
  readonly path: string | undefined;
  readonly value: Kept;
}

export interface LeaseRow {
  readonly token: bigint;
  readonly owner: string;
  /** Undefined after a release. */
  until: number | undefined;
  /** How many leases in a row ended without a release before this one. */
  readonly tries: number;
}

export interface ThreadRows {
  readonly rows: Map<string, Row>;
  readonly writes: Map<string, Map<string, WriteRow>>;
}

/** What all savers on one store share: maps. */
export class ReferenceStore {
  readonly threads = new Map<string, ThreadRows>();
  /** Keys of checkpoints of deleted threads. */
  readonly tombstones = new Map<string, Set<string>>();
  readonly leases = new Map<string, LeaseRow>();
  /** Those who wait for the lease of a thread, in the order in which they came. */
  readonly queues = new Map<string, object[]>();
  isSetUp = false;
  /** How often the connections to it were cut. */
  cuts = 0;
  #commits = 0;
  #tokens = 0n;

  constructor(isSetUp = true) {
    this.isSetUp = isSetUp;
  }

  nextCommit(): number {
    this.#commits += 1;
    return this.#commits;
  }

  nextToken(): bigint {
    this.#tokens += 1n;
    return this.#tokens;
  }

  thread(id: string): ThreadRows {
    const known = this.threads.get(id) ?? { rows: new Map(), writes: new Map() };
    this.threads.set(id, known);
    return known;
  }

  allRows(): Row[] {
    return [...this.threads.values()].flatMap(({ rows }) => [...rows.values()]);
  }

  /** What lies underneath for a thread. */
  inspect(id: string): Record<string, number> {
    const { rows, writes } = this.threads.get(id) ?? { rows: new Map(), writes: new Map() };
    return {
      rows: rows.size,
      writes: [...writes.values()].reduce((sum, each) => sum + each.size, 0),
      leases: this.leases.has(id) ? 1 : 0,
    };
  }
}

const byCodePoint = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

const indexOf = ({ channel, position }: WriteRow): number =>
  Object.hasOwn(WRITES_IDX_MAP, channel) ? (WRITES_IDX_MAP[channel] as number) : position;

/** By task path, task and position; special channels have negative ones. */
export const inTaskOrder = (a: WriteRow, b: WriteRow): number =>
  byCodePoint(a.path ?? "", b.path ?? "") || byCodePoint(a.task, b.task) || indexOf(a) - indexOf(b);
