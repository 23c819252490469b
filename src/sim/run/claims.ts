/**
 * Reads from the datagrams of a run which nodes claim to have a message. A node claims that if it acknowledges the
 * datagram that brought the message, or reports on the slice that it was given. A node that claims it must keep the
 * message.
 */

import type { RoomKeys } from "../../crypto/roomKeys.ts";
import { readMessage } from "../../crypto/signed.ts";
import type { Frame } from "../../wire/frames.ts";
import { type BootId, fromHex, type MessageId, type PeerId } from "../../wire/ids.ts";
import type { Opened } from "../world/opened.ts";
import { entry } from "./words.ts";

export type Claims = { readonly see: (opened: Opened) => void };

export type ClaimOptions = {
  readonly roomKeys: RoomKeys;
  readonly authors: readonly PeerId[];
  readonly claimed: (by: BootId, id: MessageId, how: string) => void;
};

export function createClaims({ roomKeys, authors, claimed }: ClaimOptions): Claims {
  /** BOUNDED: by the datagrams of a run. What each brought that asks for an acknowledgement. */
  const brought = new Map<BootId, Map<number, readonly MessageId[]>>();
  const messagesIn = (frame: Frame): readonly MessageId[] =>
    bytesIn(frame, authors).flatMap((bytes) => readMessage(roomKeys, bytes)?.id ?? []);
  return {
    see: ({ header, frames, addressee }) => {
      const ids = frames.flatMap(messagesIn);
      if (ids.length > 0) entry(brought, header.boot, () => new Map()).set(header.counter, ids);
      for (const frame of frames) {
        if (frame.type === "receipt") claimed(header.boot, frame.id, "gave a receipt for");
        if (frame.type !== "ack") continue;
        for (const counter of frame.counters)
          for (const id of brought.get(addressee)?.get(counter) ?? []) claimed(header.boot, id, "acknowledged");
      }
    },
  };
}

// --- internal ---

function bytesIn(frame: Frame, authors: readonly PeerId[]): readonly Uint8Array[] {
  switch (frame.type) {
    case "push":
      return [frame.message];
    case "message":
      return [frame.bytes];
    case "page":
      return frame.items.filter((item) => item instanceof Uint8Array);
    case "brief": {
      const author = authors.find((id) => id.startsWith(frame.front));
      return author === undefined ? [] : [Buffer.concat([fromHex(author), frame.rest])];
    }
    default:
      return [];
  }
}
