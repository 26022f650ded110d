import { isHoldfastError } from "@holdfast/checkpoint-core";
import { now, type Recorded, recorded } from "../recorded.js";
import type { Operation } from "./history.js";

/** Told of each operation twice: when it is asked for, and when it is answered. */
export type Tell = (id: string, operation: Operation) => Promise<void> | void;

const REFUSALS: readonly string[] = [
  "HOLDFAST_THREAD_BUSY",
  "HOLDFAST_LEASE_LOST",
  "HOLDFAST_CONCURRENT_UPDATE",
  "HOLDFAST_THREAD_DELETED",
  "HOLDFAST_THREAD_NOT_FOUND",
  "HOLDFAST_THREAD_EXISTS",
];

/** The part of an operation that is known when it is asked for. */
export type Asked<Kind extends Operation["kind"]> = Omit<
  Extract<Operation, { readonly kind: Kind }>,
  keyof Recorded | "process" | "seen"
>;

/** When an operation was asked for and answered. */
export interface Span {
  from: number;
  to: number;
}

/** Records what one process asks for and is told. */
export class Recorder {
  readonly #process: string;
  readonly #tell: Tell;
  #operations = 0;

  constructor(process: string, tell: Tell) {
    this.#process = process;
    this.#tell = tell;
  }

  /** @returns `undefined` when the operation was refused, or nobody knows. */
  async record<Kind extends Operation["kind"], Result>(
    asked: { readonly kind: Kind } & Asked<Kind>,
    run: () => Promise<Result>,
    learned?: (result: Result) => object,
    span: Span = { from: 0, to: 0 },
  ): Promise<Result | undefined> {
    return this.#recorded(asked, run, learned, span);
  }

  #recorded<Result>(
    asked: object,
    run: () => Promise<Result>,
    learned: ((result: Result) => object) | undefined,
    span: Span,
  ): Promise<Result | undefined> {
    const tell = this.#teller(asked);
    const tellIt = (answer: Recorded): Promise<void> | void => {
      Object.assign(span, { from: answer.from, to: answer.to ?? answer.from });
      return tell(answer);
    };
    return recorded(tellIt, REFUSALS, run, learned);
  }

  /** The same for LangGraph, which is to learn of the error. */
  async attempt<Kind extends Operation["kind"], Result>(
    asked: { readonly kind: Kind } & Asked<Kind>,
    run: () => Promise<Result>,
    learned?: (result: Result) => object,
    span: Span = { from: 0, to: 0 },
  ): Promise<Result> {
    let failure: unknown;
    const running = async (): Promise<{ readonly result: Result }> => {
      try {
        return { result: await run() };
      } catch (error) {
        failure = error;
        throw error;
      }
    };
    const answer = await this.#recorded(asked, running, learned && (({ result }) => learned(result)), span);
    if (answer === undefined) throw failure;
    return answer.result;
  }

  /** The same for a call of a graph: parts of one that fails may be stored. */
  async call<Kind extends Operation["kind"], Result>(
    asked: { readonly kind: Kind } & Asked<Kind>,
    run: () => Promise<Result>,
    learned: (result: Result) => object,
  ): Promise<Result | undefined> {
    const tell = this.#teller(asked);
    const from = now();
    await tell({ from, outcome: "unknown" });
    try {
      const result = await run();
      await tell({ ...learned(result), from, to: now(), outcome: "ok" });
      return result;
    } catch (error) {
      await tell({ from, to: now(), outcome: "unknown", code: codeOf(error) });
      return undefined;
    }
  }

  #teller(asked: object): (answer: Recorded) => Promise<void> | void {
    this.#operations += 1;
    const id = `${this.#process}:${this.#operations}`;
    return (answer) => this.#tell(id, { ...asked, process: this.#process, ...answer } as Operation);
  }
}

/** Of tasks that failed at the same time, LangGraph tells in one error. One that is not of the store is told before those that are. */
function codeOf(error: unknown): string {
  if (isHoldfastError(error)) return error.code;
  if (!(error instanceof AggregateError) || error.errors.length === 0) return String(error);
  const codes = error.errors.map(codeOf);
  return codes.find((code) => !code.startsWith("HOLDFAST_")) ?? (codes[0] as string);
}
