import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";

type Method = (...args: unknown[]) => Promise<unknown>;

/** A saver all of whose writes another saver gets first: both then hold the same checkpoints, of the same ids. */
export function mirrored<Saver extends BaseCheckpointSaver>(saver: Saver, mirror: BaseCheckpointSaver): Saver {
  return new Proxy(saver, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== "function" || property === "constructor") return value;
      const method = value.bind(target) as Method;
      if (property !== "put" && property !== "putWrites") return method;
      return async (...args: unknown[]): Promise<unknown> => {
        await (mirror[property] as Method).apply(mirror, args);
        return method(...args);
      };
    },
  });
}
