/** Chance, as an argument: the operating system's in production, a seeded one in the simulator. */

export type Rng = {
  /** A uniform 32-bit unsigned integer. */
  readonly u32: () => number;
};

/** Uniform in [0, 1). */
export function uniform(rng: Rng): number {
  return rng.u32() / 2 ** 32;
}

/** A uniform integer 0..bound-1; `bound` 1..2^32. */
export function below(rng: Rng, bound: number): number {
  return Math.floor(uniform(rng) * bound);
}

/** `value` spread evenly over 1-share..1+share of itself: keeps nodes from acting in step. */
export function jitter(rng: Rng, value: number, share: number): number {
  return value * (1 - share + 2 * share * uniform(rng));
}

/** Fisher-Yates, in place; returns its argument. */
export function shuffle<T>(rng: Rng, items: T[]): T[] {
  for (let last = items.length - 1; last > 0; last -= 1) {
    const other = below(rng, last + 1);
    [items[last], items[other]] = [items[other] as T, items[last] as T];
  }
  return items;
}

/** `count` different items of `items` (fewer if there are not so many), uniformly. */
export function sample<T>(rng: Rng, items: readonly T[], count: number): T[] {
  const pool = [...items];
  const taken = Math.min(count, pool.length);
  for (let index = 0; index < taken; index += 1) {
    const other = index + below(rng, pool.length - index);
    [pool[index], pool[other]] = [pool[other] as T, pool[index] as T];
  }
  return pool.slice(0, taken);
}

/** sfc32 (Chris Doty-Humphrey, PractRand): small, fast, passes the tests; not for keys. Same seed, same numbers. */
export function seededRng(seed: number): Rng {
  let a = 0x9e3779b9;
  let b = 0x243f6a88;
  let c = seed >>> 0;
  let counter = 1;
  const u32 = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return sum >>> 0;
  };
  for (let round = 0; round < 15; round += 1) u32();
  return { u32 };
}
