/** Which frames ask for an acknowledgement. */
import type { Frame } from "../wire/frame.ts";
import { isReliable } from "./plans.ts";

export function asksForAck(frame: Frame): boolean {
  if (frame.type === "push" || frame.type === "brief" || frame.type === "advertise")
    return isReliable(frame.slice.order);
  return !SILENT.has(frame.type);
}

// --- internal ---

/** Answers, and what the next one of its kind replaces. */
const SILENT: ReadonlySet<Frame["type"]> = new Set(["ack", "padding", "digest", "observed", "chunk", "page"]);
