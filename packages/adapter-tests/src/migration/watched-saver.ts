import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";

/** A method of a saver is called. What it returns or throws in place of calling the saver, it returns; `undefined` lets the call through. */
export type OnCall = (method: string, args: readonly unknown[]) => unknown;

/** A saver whose calls are seen first, so that a test can count, hold or fail them. Inside, it is the saver itself. */
export function watched<Saver extends BaseCheckpointSaver>(saver: Saver, onCall: OnCall): Saver {
  return new Proxy(saver, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== "function" || typeof property === "symbol" || property === "constructor") return value;
      if (property === "list") {
        return async function* (...args: unknown[]) {
          await onCall(property, args);
          yield* Reflect.apply(value, target, args) as AsyncGenerator<unknown>;
        };
      }
      return async (...args: unknown[]): Promise<unknown> => {
        const instead: unknown = await onCall(property, args);
        return instead ?? (Reflect.apply(value, target, args) as unknown);
      };
    },
  });
}
