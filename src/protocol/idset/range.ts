/** Bounds of ranges of ids. They travel in every claim, so they are made as short as possible. */
import { type Bound, END } from "../../wire/frames.ts";
import type { UnixMillis } from "../time.ts";

/** An id as a bound: without trailing zero bytes. */
export function trimmed(id: string): Bound {
  return id.replace(/(00)+$/, "");
}

/** The shortest bound above `before` and not above `id`. */
export function separator(before: string, id: string): Bound {
  let digits = 0;
  while (before[digits] === id[digits]) digits += 1;
  return trimmed(id.slice(0, digits + 2 - (digits % 2)));
}

/** The bound of the ids stamped `hlc` or later. */
export function boundOfTime(hlc: UnixMillis): Bound {
  return trimmed(hlc.toString(16).padStart(12, "0"));
}

/** The shortest bound above an id and, most likely, below all that will come after it: its time, and one millisecond more. */
export function aboveOf(id: string): Bound {
  return boundOfTime(Number.parseInt(id.slice(0, 12), 16) + 1);
}

/** The bound above all ids that start with the 24 digits of `prefix`. */
export function afterPrefix(prefix: string): Bound {
  const next = (BigInt(`0x${prefix}`) + 1n).toString(16).padStart(24, "0");
  return next.length > 24 ? END : trimmed(next);
}
