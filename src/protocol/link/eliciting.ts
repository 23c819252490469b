/** Which frames ask for an acknowledgement, and which wait while much is under way. */
import type { Frame } from "../../wire/frame.ts";
import { isReliable } from "../relay/redundancy.ts";

export function asksForAck(frame: Frame): boolean {
  if (frame.type === "push" || frame.type === "brief" || frame.type === "advertise")
    return isReliable(frame.slice.order);
  return !SILENT.has(frame.type);
}

/**
 * What goes however much is under way: what asks whether a peer is alive, or says so, is little, and its time-outs are the ones that
 * call a peer dead.
 */
export function isPrompt(frame: Frame): boolean {
  return PROMPT.has(frame.type);
}

export function isComparing(frame: Frame): boolean {
  return COMPARING.has(frame.type);
}

// --- internal ---

const PROMPT: ReadonlySet<Frame["type"]> = new Set([
  "ping",
  "digest",
  "observed",
  "statement",
  "suspect",
  "probeRequest",
  "probeReply",
  "introduce",
]);

const COMPARING: ReadonlySet<Frame["type"]> = new Set(["ranges", "list", "same", "want", "fetch"]);

/** Answers, and what the next one of its kind replaces. */
const SILENT: ReadonlySet<Frame["type"]> = new Set(["ack", "padding", "digest", "observed", "chunk", "page"]);
