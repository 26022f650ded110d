/**
 * Waits for both, even if one fails: a failed operation must not continue in the background.
 *
 * @throws the error of the first argument that failed.
 */
export async function together<A, B>(first: Promise<A> | A, second: Promise<B> | B): Promise<readonly [A, B]> {
  const [a, b] = await Promise.allSettled([first, second]);
  if (a.status === "rejected") throw a.reason;
  if (b.status === "rejected") throw b.reason;
  return [a.value, b.value];
}
