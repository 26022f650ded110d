/**
 * Refuses a key that there is not: a capability that is declared under a wrong name would be expected.
 *
 * @throws TypeError
 */
export function refuseUnknown(owner: string, given: object, known: readonly string[]): void {
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown !== undefined) throw new TypeError(`Unknown key ${unknown} of ${owner}. Known keys: ${known.join(", ")}.`);
}
