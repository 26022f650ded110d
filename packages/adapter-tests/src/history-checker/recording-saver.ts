import type { BaseCheckpointSaver, CheckpointTuple, PendingWrite } from "@langchain/langgraph-checkpoint";
import type { KeepingSaver } from "../retention/target.js";
import { plainValue } from "../written-values.js";
import type { Read } from "./history.js";
import { comparableValues, type ProgramNames } from "./program-names.js";
import type { Recorder, Span } from "./recorder.js";

/** What is recorded of a call of a graph. */
export interface Recording {
  readonly recorder: Recorder;
  readonly names: ProgramNames;
  readonly thread: string;
  /** Of the call. */
  readonly mark?: string;
  /** The label of its checkpoints. */
  readonly run: string;
  readonly token?: string | undefined;
  /** With `onConflict: "reject"`. */
  readonly isRejecting: boolean;
  /** Told of each checkpoint of the root graph that is put or read. */
  note(id: string): void;
}

/** A saver that records each `getTuple`, `put` and `putWrites` of a graph as an operation. */
export function recordingSaver(
  saver: KeepingSaver,
  { recorder, names, thread, mark, run, token, isRejecting, note }: Recording,
): BaseCheckpointSaver {
  const ofCall = { ...(mark !== undefined && { call: mark }) };
  const ofRun = { ...ofCall, run, ...(token !== undefined && { token }) };
  /** What the next put must find as the head: what the run began with, or has put itself. */
  let head: { readonly id: string; readonly span: Readonly<Span> } | undefined;
  /** Whether the call begins at a checkpoint that it names, which is a deliberate fork. LangGraph then reads the head as well. */
  let isFork = false;
  let hasFailed = false;

  const recording: Pick<BaseCheckpointSaver, "getTuple" | "put"> & { putWrites: PutWrites } = {
    async getTuple(config): Promise<CheckpointTuple | undefined> {
      const { checkpoint_ns: namespace = "", checkpoint_id: id } = config.configurable ?? {};
      const asked: Pick<Read, "kind" | "thread" | "namespace"> = { kind: "read", thread, namespace: String(namespace) };
      const span = { from: 0, to: 0 };
      const tuple = await recorder.attempt(
        { ...asked, ...(id && { id: String(id) }), ...ofCall },
        () => saver.getTuple(config),
        (found) => (found === undefined ? {} : { seen: names.seen(found) }),
        span,
      );
      if (tuple !== undefined && namespace === "") {
        note(tuple.checkpoint.id);
        if (id && head === undefined) isFork = true;
        if (isRejecting && !id && !isFork) head = { id: tuple.checkpoint.id, span };
      }
      return tuple;
    },
    put(config, checkpoint, metadata, newVersions) {
      const { checkpoint_ns: namespace = "", checkpoint_id: parent } = config.configurable ?? {};
      const expected = namespace === "" && head?.id === parent ? head?.span : undefined;
      const span = { from: 0, to: 0 };
      const put = {
        kind: "put",
        thread,
        namespace: String(namespace),
        id: checkpoint.id,
        parent: parent as string | undefined,
        origins: { ...(metadata as { parents?: Record<string, string> }).parents },
        values: comparableValues(checkpoint),
        ...ofRun,
        ...(expected !== undefined && { head: expected }),
      } as const;
      if (namespace === "") head = undefined;
      // The put of a run that knows from a write that it has failed resolves, and acknowledges nothing.
      const learned = (): object => {
        if (hasFailed) return { outcome: "unknown" };
        if (namespace === "") {
          note(checkpoint.id);
          if (isRejecting) head = { id: checkpoint.id, span };
        }
        return {};
      };
      return handled(recorder.attempt(put, () => saver.put(config, checkpoint, metadata, newVersions), learned, span));
    },
    putWrites(...args) {
      const [config, given, task, ...paths] = args;
      // A saver takes them at the call (C-36), LangGraph goes on adding to a task's answers, and telling takes time.
      const writes = given.map(([channel, value]): PendingWrite => [channel, Array.isArray(value) ? [...value] : value]);
      const { checkpoint_ns: namespace = "", checkpoint_id: id } = config.configurable ?? {};
      const write = {
        kind: "write",
        thread,
        namespace: String(namespace),
        id: String(id),
        task,
        writes: writes.map(([channel, value]) => [channel, plainValue(value)] as const),
        ...(paths[0] !== undefined && { path: paths[0] }),
        ...ofRun,
      } as const;
      const writing = async (): Promise<void> => {
        try {
          await (saver.putWrites as PutWrites)(config, writes, task, ...paths);
        } catch (error) {
          hasFailed = true;
          throw error;
        }
      };
      return handled(recorder.attempt(write, writing));
    },
  };
  return new Proxy(saver as BaseCheckpointSaver, {
    get(target, name) {
      const from = name in recording ? recording : target;
      const value: unknown = Reflect.get(from, name);
      return typeof value === "function" && name !== "constructor" ? value.bind(from) : value;
    },
  });
}

type PutWrites = (...args: [...Parameters<BaseCheckpointSaver["putWrites"]>, taskPath?: string]) => Promise<void>;

/** As the savers of ours do: LangGraph looks at some promises late. */
function handled<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => {});
  return promise;
}
