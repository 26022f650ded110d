/**
 * Leaves out of a program what it does not need to fail: halves first, then ever smaller parts, down to single steps.
 *
 * @param fails asked of programs that are shorter; one that fails only now and then may run several times.
 * @param isOver ends the search; what has been found by then is the answer.
 */
export async function shrink<Step>(
  program: readonly Step[],
  fails: (program: readonly Step[]) => Promise<boolean>,
  isOver: () => boolean = () => false,
): Promise<readonly Step[]> {
  let shortest = program;
  for (let size = Math.ceil(program.length / 2); size > 0; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    // From the end, since what comes later needs what comes before.
    for (let at = shortest.length - size; at > -size && !isOver(); at -= size) {
      const shorter = [...shortest.slice(0, Math.max(0, at)), ...shortest.slice(at + size)];
      if (await fails(shorter)) shortest = shorter;
    }
  }
  return shortest;
}
