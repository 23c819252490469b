/** What a session tells, by its code. */
import type { SessionEvent } from "../../../src/chat/model/events.ts";

export function codeOf(event: SessionEvent): string | undefined {
  if (event.type === "reply") return event.reply.code;
  if (event.type === "refusal") return event.refusal.code;
  if (event.type !== "chat") return event.type;
  if (event.event.type === "notice") return event.event.notice.code;
  return event.event.type === "error" ? event.event.error.code : undefined;
}
