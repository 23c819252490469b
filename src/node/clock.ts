/** The only reader of the operating system's clocks. */
import type { Now } from "../protocol/time.ts";

/** mono: since the process started, never set back. wall: as the host is set, which may step either way. */
export function systemClock(): Now {
  return { mono: performance.now(), wall: Date.now() };
}
