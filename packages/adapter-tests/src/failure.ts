import { inspect } from "node:util";

/** The error with which an action fails. */
export async function failureOf(action: () => Promise<unknown>): Promise<Error> {
  try {
    await action();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("It did not fail.");
}

/** Everything of an error that a log may print. */
export function printed(error: unknown): string {
  const parts = [
    inspect(error, {
      depth: Number.POSITIVE_INFINITY,
      showHidden: true,
      getters: true,
      maxStringLength: null,
      maxArrayLength: null,
    }),
    JSON.stringify(error),
  ];
  for (let each = error; each instanceof Error; each = each.cause)
    parts.push(each.message, each.stack ?? "", JSON.stringify(each));
  return [...parts, ...bytesIn(error, new Set())].join("\n");
}

/** As text, what somebody may decode who gets the error: `inspect` shows numbers. */
function* bytesIn(value: unknown, seen: Set<unknown>): Generator<string> {
  if (typeof value !== "object" || value === null || seen.has(value)) return;
  seen.add(value);
  if (value instanceof Uint8Array) yield Buffer.from(value).toString("latin1");
  else for (const key of Reflect.ownKeys(value)) yield* bytesIn(Reflect.get(value, key), seen);
}
