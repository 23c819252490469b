/** How long something takes on a machine that others use as well: the least of several runs, in milliseconds. */
export function leastMs(work: () => void, runs = 3): number {
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < runs; run++) {
    const from = performance.now();
    work();
    least = Math.min(least, performance.now() - from);
    // What takes seconds does not get better.
    if (least > 2_000) break;
  }
  return least;
}
