/** Which own messages no peer has acknowledged yet. */
import type { ChatEvent } from "../protocol/events.ts";
import type { MessageId } from "../wire/ids.ts";

export type Undelivered = {
  readonly observe: (event: ChatEvent) => void;
  readonly count: () => number;
};

/** What was said so long ago is not waited for any more. */
export const UNDELIVERED_MAX = 10_000;

export function undeliveredMessages(): Undelivered {
  /** BOUNDED: UNDELIVERED_MAX, the oldest goes. */
  const waiting = new Set<MessageId>();
  return {
    count: () => waiting.size,
    observe: (event) => {
      if (event.type === "delivery" && event.reached > 0) waiting.delete(event.id);
      // Own messages that come back as history were given out in an earlier life.
      if (event.type !== "message" || !event.message.own || event.message.history) return;
      waiting.add(event.message.id);
      const [oldest] = waiting;
      if (waiting.size > UNDELIVERED_MAX && oldest !== undefined) waiting.delete(oldest);
    },
  };
}
