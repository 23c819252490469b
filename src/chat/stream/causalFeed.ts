/**
 * Orders messages for faces that only append: a message is shown after everything that its author had seen. A message that
 * comes too early is held until the node says that it is in order. Nothing else waits.
 */
import type { RoomHandle } from "../../node/types.ts";
import type { ChatEvent } from "../../protocol/events.ts";
import type { Message } from "../../protocol/views.ts";
import type { MessageId } from "../../wire/ids.ts";
import type { SessionListener } from "../session/sessionState.ts";

/** The events of one room in causal order: `ordered` becomes the messages that it names. */
export function causalEvents(listener: (event: ChatEvent) => void): (event: ChatEvent) => void {
  /** BOUNDED: by the messages that the node holds back. */
  const held = new Map<MessageId, Message>();
  return (event) => {
    if (event.type === "message" && !event.isInOrder) held.set(event.message.id, event.message);
    else if (event.type !== "ordered") listener(event);
    else
      for (const id of event.ids) {
        const message = held.get(id);
        held.delete(id);
        if (message !== undefined) listener({ type: "message", message, isInOrder: true });
      }
  };
}

/** The same for a session, in all of its rooms: an id is that of one message in all of them. */
export function causalFeed(listener: SessionListener): SessionListener {
  let ref: string | undefined;
  let room: RoomHandle;
  const take = causalEvents((event) =>
    listener(ref === undefined ? { type: "chat", event } : { type: "chat", event, ref }, room),
  );
  return (event, of) => {
    if (event.type !== "chat") return listener(event, of);
    ref = event.ref;
    room = of;
    take(event.event);
  };
}
