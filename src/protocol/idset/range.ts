/** Bounds of ranges of ids. They travel in every claim, so they are made as short as possible. */
import { type Bound, END } from "../../wire/frames.ts";
import type { UnixMillis } from "../time.ts";

/** An id as a bound: without trailing zero bytes. */
export function trimmed(id: string): Bound {
  return id.replace(/(00)+$/, "");
}

export function later(a: Bound, b: Bound): Bound {
  return a < b ? b : a;
}

export function earlier(a: Bound, b: Bound): Bound {
  return a < b ? a : b;
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

/** The bound above all ids with this front. */
export function afterFront(front: string): Bound {
  const next = (Number.parseInt(front, 16) + 1).toString(16).padStart(front.length, "0");
  return next.length > front.length ? END : trimmed(next);
}
