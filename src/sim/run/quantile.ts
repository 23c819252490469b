/** Quantiles by rank (nearest-rank method). */

/** The smallest value that at least `share` of the values (ascending) do not exceed; 0 of none. */
export function quantile(ascending: ArrayLike<number>, share: number): number {
  return ascending[Math.max(Math.ceil(share * ascending.length) - 1, 0)] ?? 0;
}
