/** The events that a room gives to a program: values with a code for programs and a sentence for people. */
import { errorText, noticeText } from "../chat/model/sentences.ts";
import type { ChatEvent } from "../protocol/events.ts";
import type { Author, Message, PeerStatus, PeerView } from "../protocol/views.ts";
import type { MessageId, PeerId } from "../wire/ids.ts";

/**
 * A message, and in which room it was said. `verified`: whoever uses the data directory has compared the words of the author's key;
 * own messages are.
 */
export type RoomMessage = Omit<Message, "author"> & {
  readonly author: Author & { readonly verified: boolean };
  readonly room: string;
};

/** Somebody of the room. `self`: this program. `verified`: as of an author. */
export type Peer = PeerView & { readonly self: boolean; readonly verified: boolean };

/** `text`: one line of plain English. `data`: what it is made of. */
export type Told = { readonly code: string; readonly text: string; readonly data: Readonly<Record<string, unknown>> };

export type RoomEvents = {
  /** Each message once, never before one that its author had seen. With `history` it was said before it came here. */
  message: RoomMessage;
  /** Somebody came, went, is suspected of having gone, or changed the nick. */
  peer: { readonly status: PeerStatus; readonly peer: Peer };
  /**
   * Of `of` others `reached` have the own message, 0 of 0: nobody is there; `lacking`: the nicks of some that do not. Also of
   * what an earlier start said, when somebody has it.
   */
  delivery: {
    readonly id: MessageId;
    readonly reached: number;
    readonly of: number;
    readonly lacking: readonly string[];
  };
  /** The own message is on this disk: it outlives the process. */
  stored: { readonly id: MessageId };
  notice: Told;
  /** Something went wrong that no call of the program's is answered with. */
  error: Told;
};

export type RoomEventName = keyof RoomEvents;
export const ROOM_EVENT_NAMES = ["message", "peer", "delivery", "stored", "notice", "error"] as const;

/** A value and the event it belongs to. */
export type NamedEvent = { [N in RoomEventName]: { readonly name: N; readonly value: RoomEvents[N] } }[RoomEventName];

export function roomMessage(message: Message, room: string, verified: ReadonlySet<PeerId>): RoomMessage {
  const { author, own } = message;
  return { ...message, author: { ...author, verified: own || verified.has(author.id) }, room };
}

export function roomPeer(peer: PeerView, self: boolean, verified: ReadonlySet<PeerId>): Peer {
  return { ...peer, self, verified: self || verified.has(peer.id) };
}

export function namedEvents(event: ChatEvent, room: string, verified: ReadonlySet<PeerId>): NamedEvent[] {
  switch (event.type) {
    case "message":
      return [{ name: "message", value: roomMessage(event.message, room, verified) }];
    case "ordered":
      return [];
    case "peer":
      return [{ name: "peer", value: { status: event.status, peer: roomPeer(event.peer, false, verified) } }];
    case "delivery": {
      const { id, reached, of, lacking } = event;
      return [{ name: "delivery", value: { id, reached, of, lacking } }];
    }
    case "stored":
      return event.ids.map((id) => ({ name: "stored", value: { id } }));
    case "notice": {
      const { code, ...data } = event.notice;
      return [{ name: "notice", value: { code, text: noticeText(event.notice, room), data } }];
    }
    case "error": {
      const { code, ...data } = event.error;
      return [{ name: "error", value: { code, text: errorText(event.error), data } }];
    }
  }
}
