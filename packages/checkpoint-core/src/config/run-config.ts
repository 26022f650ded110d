import type { RunnableConfig } from "@langchain/core/runnables";
import { InvalidConfigError, InvalidOptionsError } from "../errors.js";
import { malformation } from "./ids.js";
import { oneOf, refuseNoObject } from "./options.js";

/** What LangGraph gives every run, and no other call. Subgraphs have the same writer as their graph. */
interface RunConfig extends RunnableConfig {
  readonly writer: object;
}

/**
 * Whether a config is that of a run: `invoke`, `stream`, `batch`, a subgraph. `getState` and `updateState` hand on what their caller gives them.
 */
export function isRunConfig(config: RunnableConfig | undefined): config is RunConfig {
  return typeof (config as Partial<RunConfig> | undefined)?.writer === "function";
}

/**
 * With `onConflict: "reject"`, how the first checkpoint was asked for distinguishes a run that continues the head of its thread from a deliberate fork (contract
 * C-95). LangGraph makes the configs of a run's puts from that of the tuple it began with, symbols included, so the tuple carries the mark.
 *
 * A symbol, because it must not be among the keys of the config (contract C-12), nor survive a trip as JSON: a checkpoint that such a config names is named
 * deliberately.
 */
const READ_AS: unique symbol = Symbol.for("holdfast.read-as") as never;

interface Marked {
  readonly [READ_AS]?: { readonly id: string; readonly isHead: boolean } | "copied";
}

/** The config of a tuple, marked. */
export function markRead(config: RunnableConfig, id: string, isHead: boolean): RunnableConfig {
  return { ...config, configurable: { ...config.configurable, [READ_AS]: { id, isHead } } };
}

/** The config of a put or of writes that copy what another saver has, and continue no head. */
export function markCopied(config: RunnableConfig): RunnableConfig {
  return { ...config, configurable: { ...config.configurable, [READ_AS]: "copied" } };
}

/** Whether a write copies what another saver has. */
export function isCopied(config: RunnableConfig): boolean {
  return (config.configurable as Marked | undefined)?.[READ_AS] === "copied";
}

/**
 * What the head must be for a put without a conflict: its parent. Exempt are copies, and what continues from a named checkpoint: the first put of a run from
 * there, an update, a put outside of a run.
 *
 * @param isCopy whether the put copies a checkpoint, under the original's parent.
 */
export function expectedHead(
  config: RunnableConfig,
  parentId: string | undefined,
  isCopy: boolean,
): { readonly id: string | undefined } | undefined {
  if (isCopy || isCopied(config)) return undefined;
  const read = (config.configurable as Marked | undefined)?.[READ_AS];
  const isNamed = typeof read === "object" ? read.id === parentId && !read.isHead : !isRunConfig(config);
  return parentId !== undefined && isNamed ? undefined : { id: parentId };
}

/**
 * How a lease's fencing token reaches the saver: in a key of `configurable`, which LangGraph passes to every saver call of a run, subgraphs included. Because it
 * begins with two underscores, LangGraph does not copy it into metadata. It holds tokens by thread: a node may run a graph on another thread, and passes its own
 * configurable on.
 */
const CONFIG_KEY = "__holdfast_leases";

/** A symbol hides the tokens: a server may take `configurable` from a client's JSON, which must not write under a lease. */
const TOKENS: unique symbol = Symbol.for("holdfast.lease-tokens") as never;

function tokensOf(config: RunnableConfig | undefined): Readonly<Record<string, unknown>> {
  const given: unknown = config?.configurable?.[CONFIG_KEY];
  if (given === undefined) return {};
  if (typeof given === "object" && given !== null && Object.hasOwn(given, TOKENS)) return Reflect.get(given, TOKENS);
  throw new InvalidConfigError(`configurable.${CONFIG_KEY} was not set by a lease. It does not survive JSON.`);
}

/**
 * The token under which a config writes to a thread.
 *
 * @throws InvalidConfigError if it is malformed; the message does not repeat it.
 */
export function leaseToken(config: RunnableConfig | undefined, threadId: string): string | undefined {
  const tokens = tokensOf(config);
  if (!Object.hasOwn(tokens, threadId)) return undefined;
  const token = tokens[threadId];
  if (typeof token === "string" && TOKEN.test(token)) return token;
  throw new InvalidConfigError("The config's lease token does not come from acquireThread.");
}

const TOKEN = /^[1-9]\d{0,39}$/;

/** The config with the token of another lease added. */
export function withLeaseToken<Config extends RunnableConfig>(config: Config, threadId: string, token: string): Config {
  // Entries, not assignment: a thread may be called __proto__.
  const tokens = Object.fromEntries([...Object.entries(tokensOf(config)), [threadId, token]]);
  return { ...config, configurable: { ...config.configurable, [CONFIG_KEY]: { [TOKENS]: tokens } } };
}

/**
 * The time to live that a config gives its thread, in stores that have one. Because it begins with two underscores, LangGraph passes it to every saver call of a
 * run and does not copy it into metadata.
 */
const TTL_KEY = "__holdfast_ttl";

/** A symbol hides the minutes: a server may take `configurable` from a client's JSON, which must not delete or pin threads. */
const MINUTES: unique symbol = Symbol.for("holdfast.ttl-minutes") as never;

/** The config with a time to live in minutes. */
export function withTtlMinutes<Config extends RunnableConfig>(config: Config, minutes: number): Config {
  return { ...config, configurable: { ...config.configurable, [TTL_KEY]: { [MINUTES]: minutes } } };
}

/**
 * The minutes of {@link withTtlMinutes}; `undefined` if it was not called.
 *
 * @throws InvalidConfigError if something else set the key.
 */
export function ttlMinutes(config: RunnableConfig | undefined): unknown {
  const given: unknown = config?.configurable?.[TTL_KEY];
  if (given === undefined) return undefined;
  if (typeof given !== "object" || given === null || !Object.hasOwn(given, MINUTES)) {
    throw new InvalidConfigError(
      `configurable.${TTL_KEY} was not set by withTtl(). It does not survive JSON: call withTtl() in the process that starts the run.`,
    );
  }
  return Reflect.get(given, MINUTES);
}

/** Names and values that describe a run. They are stored beside its checkpoints, never in their metadata. */
export type Labels = Readonly<Record<string, string>>;

const ALWAYS = ["run_id", "graph_id", "user", "user_id"] as const;

const MAX_LABEL_BYTES = 256;

/** Of the two places in which a run's labels can stand, the one that counts where both have a label. */
export type LabelSource = "configurable" | "metadata";

/** Which labels a saver takes, checked. */
export interface LabelRules {
  readonly names: readonly string[];
  readonly source: LabelSource;
}

/**
 * Which labels a saver stores (contract C-39).
 *
 * @param more names of further keys. No others are copied: they may be secrets.
 * @throws InvalidOptionsError
 */
export function resolveLabelRules(more: unknown = [], source: unknown = "configurable"): LabelRules {
  if (!Array.isArray(more)) throw new InvalidOptionsError("labels must be an array of keys.");
  for (const name of more as unknown[]) {
    const fault = typeof name === "string" && name !== "" ? malformation(name, MAX_LABEL_BYTES) : "is not a name";
    if (fault !== undefined) throw new InvalidOptionsError(`labels: ${JSON.stringify(name)} ${fault}.`);
  }
  return Object.freeze({
    names: Object.freeze([...new Set<string>([...ALWAYS, ...(more as string[])])]),
    source: oneOf("labelSource", source, "configurable", "metadata"),
  });
}

/** The labels of a config. Only short strings, numbers and booleans are labels. */
export function labelsOf(config: RunnableConfig, { names, source }: LabelRules): Labels {
  const places = [config.configurable, config.metadata] as readonly (Readonly<Record<string, unknown>> | undefined)[];
  const [first, second] = source === "configurable" ? places : places.toReversed();
  const labels = new Map<string, string>();
  for (const name of names) {
    const value: unknown = first?.[name] ?? second?.[name];
    if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") continue;
    const text = String(value);
    if (malformation(text, MAX_LABEL_BYTES) === undefined) labels.set(name, text);
  }
  return Object.fromEntries(labels);
}

/**
 * The labels that a listing filters by.
 *
 * @throws InvalidOptionsError, also for a label that the saver does not take: nothing would be found, whatever is stored.
 */
export function resolveLabels(labels: unknown, { names }: LabelRules): Labels | undefined {
  if (labels === undefined) return undefined;
  checkLabels(labels, names);
  return Object.keys(labels).length === 0 ? undefined : (labels as Labels);
}

/**
 * Labels that a thread is given: `null` takes one away.
 *
 * @throws InvalidOptionsError
 */
export function resolveChangedLabels(labels: unknown, { names }: LabelRules): Readonly<Record<string, string | null>> {
  refuseNoObject("setLabels", labels);
  const given = Object.entries(labels) as [string, unknown][];
  if (given.some(([name]) => name === "run_id"))
    throw new InvalidOptionsError("labels: run_id is a label of checkpoints, not of threads.");
  checkLabels(Object.fromEntries(given.filter(([, value]) => value !== null)), names);
  checkLabels(Object.fromEntries(given.filter(([, value]) => value === null).map(([name]) => [name, ""])), names);
  return labels as Readonly<Record<string, string | null>>;
}

function checkLabels(labels: unknown, names: readonly string[]): asserts labels is object {
  if (typeof labels !== "object" || labels === null || Array.isArray(labels)) {
    throw new InvalidOptionsError("labels must be an object of names and values.");
  }
  for (const [name, value] of Object.entries(labels)) {
    if (!names.includes(name)) {
      throw new InvalidOptionsError(
        `labels: the saver has no label ${JSON.stringify(name)}. Its labels are ${names.join(", ")}; name others in its option labels.`,
      );
    }
    if (typeof value !== "string") throw new InvalidOptionsError(`labels.${name} must be a string.`);
    const fault = malformation(value, MAX_LABEL_BYTES);
    if (fault !== undefined) throw new InvalidOptionsError(`labels.${name} ${fault}.`);
  }
}
