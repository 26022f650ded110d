/** A place in which two records differ. */
export interface Difference {
  /** As in `history[2].metadata.step`. */
  readonly path: string;
  /** Undefined where there is nothing. */
  readonly actual: unknown;
  readonly expected: unknown;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null;

/** Every place in which two values of JSON differ. Of an object that one of them lacks, the object is the place. */
export function differences(actual: unknown, expected: unknown, path = ""): readonly Difference[] {
  if (Object.is(actual, expected)) return [];
  if (!isObject(actual) || !isObject(expected) || Array.isArray(actual) !== Array.isArray(expected)) {
    return [{ path, actual, expected }];
  }
  const at = (key: string): string => (Array.isArray(expected) ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`);
  const keys = new Set([...Object.keys(expected), ...Object.keys(actual)]);
  return [...keys].flatMap((key) => differences(actual[key], expected[key], at(key)));
}
