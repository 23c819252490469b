/** Checks values of a scenario file. If one is wrong, one line says what would fit. */

/** The test, and what fits, in words. */
export type Check = readonly [isFit: (value: unknown) => boolean, fits: string];

export const text: Check = [(value) => typeof value === "string", "a text fits"];
export const share: Check = [(value) => typeof value === "number" && value >= 0 && value < 1, "0 to below 1 fits"];
export const flag: Check = [(value) => typeof value === "boolean", "true or false fits"];
export const milliseconds: Check = whole(0, 86_400_000);
export const count: Check = whole(1, 1_000_000_000);

export function whole(least: number, most: number): Check {
  const isFit = (value: unknown): boolean => Number.isInteger(value) && Number(value) >= least && Number(value) <= most;
  return [isFit, `a whole number from ${least} to ${most} fits`];
}

/** What is wrong with the first key of `table` that is unknown or does not fit. */
export function firstComplaint(
  prefix: string,
  table: object,
  checks: Readonly<Record<string, Check>>,
): string | undefined {
  for (const [key, value] of Object.entries(table)) {
    const check = checks[key];
    if (check === undefined) return `${prefix}${key} is unknown: ${Object.keys(checks).join(", ")} fit`;
    if (!check[0](value)) return `${prefix}${key} is ${inWords(value)}: ${check[1]}`;
  }
  return undefined;
}

// --- internal ---

function inWords(value: unknown): string {
  if (Array.isArray(value)) return `[${value.join(", ")}]`;
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
}
