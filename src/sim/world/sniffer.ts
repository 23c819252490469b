/** Opens what passes on the virtual network, with the room's key, and counts the bytes of each kind of frame. */
import { bootKey, createRoomKeys, open, type RoomSecret } from "../../crypto/roomKeys.ts";
import type { Millis } from "../../protocol/time.ts";
import { decodeHeader } from "../../wire/datagram.ts";
import type { Endpoint } from "../../wire/endpoint.ts";
import { decodeFrames, encodeFrame } from "../../wire/frames.ts";
import type { BootId } from "../../wire/ids.ts";
import { createConversations } from "./conversations.ts";

export type Sniffer = {
  readonly see: (bytes: Uint8Array, from: Endpoint, to: Endpoint, addressee: BootId | undefined, at: Millis) => void;
  readonly result: () => Sniffed;
};

export type Sniffed = {
  /** Bytes of frames by their type, lost ones included. */
  readonly frameBytes: Readonly<Record<string, number>>;
  /** Round trips of each reconciliation of two logs, ascending. */
  readonly roundTrips: readonly number[];
};

/** Comparing, and asking for and giving what was found to be lacking. */
export const reconciliationFrames: readonly string[] = ["ranges", "list", "fetch", "page", "same", "want", "message"];

export function createSniffer(room: RoomSecret): Sniffer {
  const roomKeys = createRoomKeys(room);
  /** BOUNDED: by the process starts of a run. */
  const keys = new Map<BootId, Uint8Array>();
  const frameBytes: Record<string, number> = {};
  const conversations = createConversations();
  return {
    see: (bytes, from, to, addressee, at) => {
      const header = decodeHeader(bytes);
      if (typeof header === "string" || addressee === undefined) return;
      const key = keys.get(header.boot) ?? bootKey(roomKeys, header.boot);
      keys.set(header.boot, key);
      const opened = open(key, header, addressee, bytes);
      const frames = opened === undefined ? "bad-frame" : decodeFrames(opened);
      if (frames === "bad-frame") return;
      for (const frame of frames) frameBytes[frame.type] = (frameBytes[frame.type] ?? 0) + encodeFrame(frame).length;
      conversations.see(frames, from, to, at);
    },
    result: () => ({ frameBytes, roundTrips: conversations.roundTrips() }),
  };
}
