/**
 * Counts the traffic of the virtual network, frame by frame: the bytes of each kind, and how long logs are compared.
 */
import type { Millis } from "../../protocol/time.ts";
import { encodeFrame } from "../../wire/frames.ts";
import { createConversations } from "./conversations.ts";
import type { Opened } from "./opened.ts";

export type Sniffer = {
  readonly see: (opened: Opened, at: Millis) => void;
  readonly result: () => Sniffed;
};

export type Sniffed = {
  /** Bytes of frames by their type, lost ones included. */
  readonly frameBytes: Readonly<Record<string, number>>;
  /** Round trips of each reconciliation of two logs, ascending. */
  readonly roundTrips: readonly number[];
};

/** Comparing, and asking for and giving what was found to be lacking. */
export const reconciliationFrames: readonly string[] = [
  "ranges",
  "list",
  "fetch",
  "page",
  "same",
  "want",
  "wantListed",
  "message",
];

export function createSniffer(): Sniffer {
  const frameBytes: Record<string, number> = {};
  const conversations = createConversations();
  return {
    see: ({ frames, from, to }, at) => {
      for (const frame of frames) frameBytes[frame.type] = (frameBytes[frame.type] ?? 0) + encodeFrame(frame).length;
      conversations.see(frames, from, to, at);
    },
    result: () => ({ frameBytes, roundTrips: conversations.roundTrips() }),
  };
}
