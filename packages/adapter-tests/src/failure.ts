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
  return parts.join("\n");
}
