// Seeded chance, incompressible texts, and quantiles.

/** Numbers in [0, 1) (mulberry32). */
export function createChance(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `bytes` printable ASCII characters drawn evenly, no blank at either end: 6.5 bits each, no two texts alike. */
export function randomText(chance, bytes) {
  return Array.from({ length: bytes }, () => String.fromCharCode(33 + Math.floor(chance() * 94)))
    .join("")
    .replace(/^\//, "x");
}

/** The value that a share `q` of the values does not exceed; NaN of none. */
export function quantile(values, q) {
  if (values.length === 0) return Number.NaN;
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))];
}
