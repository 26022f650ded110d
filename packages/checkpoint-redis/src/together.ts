/**
 * Waits for both, also when one fails: an operation that has failed must not go on in secret.
 *
 * @throws what the first of them to be named has failed with.
 */
export async function together<A, B>(first: Promise<A> | A, second: Promise<B> | B): Promise<readonly [A, B]> {
  const [a, b] = await Promise.allSettled([first, second]);
  if (a.status === "rejected") throw a.reason;
  if (b.status === "rejected") throw b.reason;
  return [a.value, b.value];
}
