/** The only reader of the operating system's clocks. */
import { uptime } from "node:os";
import type { Millis, Now } from "../protocol/time.ts";

/** mono: since the process started, never set back. wall: as the host is set, which may step either way. */
export function systemClock(): Now {
  return { mono: performance.now(), wall: Date.now() };
}

/** Since the host started, its sleep included, whole seconds. Nobody can set it; undefined: the system does not say. */
export function systemUptime(): Millis | undefined {
  try {
    return uptime() * 1_000;
  } catch {
    return undefined;
  }
}
