/**
 * For faces that only append: each message comes when all that its author had seen was told before. What is here too early is held until the
 * node says that it is in order; nothing else waits.
 */
import type { Message } from "../../protocol/views.ts";
import type { MessageId } from "../../wire/ids.ts";
import type { SessionEvent } from "../model/events.ts";

/** The same events in causal order: `ordered` becomes the messages that it names. */
export function causalFeed(listener: (event: SessionEvent) => void): (event: SessionEvent) => void {
  /** BOUNDED: by the messages that the node holds back. */
  const held = new Map<MessageId, Message>();
  return (event) => {
    if (event.type === "moved") held.clear();
    if (event.type !== "chat") return listener(event);
    const told = event.event;
    if (told.type === "message" && !told.isInOrder) held.set(told.message.id, told.message);
    else if (told.type !== "ordered") listener(event);
    else
      for (const id of told.ids) {
        const message = held.get(id);
        held.delete(id);
        if (message !== undefined) listener({ type: "chat", event: { type: "message", message, isInOrder: true } });
      }
  };
}
