/** A page of what is kept of a room, for programs. */
import type { MessageId } from "../../wire/ids.ts";
import { keptPage } from "../history/keptView.ts";
import type { CommandContext, Outcome } from "./commandContext.ts";

export type AskedHistory = {
  readonly before: MessageId | undefined;
  readonly limit: number;
};

/** Units of text in one answer, unless one message alone has more. */
export const HISTORY_UNITS_MAX = 1 << 20;

export async function tellHistory(context: CommandContext, asked: AskedHistory): Promise<Outcome> {
  const room = context.room();
  // One more than is told says whether there are more.
  const found = await keptPage(room, asked.limit + 1, asked.before);
  let from = found.length;
  for (let units = 0; from > Math.max(found.length - asked.limit, 0); from -= 1) {
    units += found[from - 1]?.text.length ?? 0;
    if (units > HISTORY_UNITS_MAX && from < found.length) break;
  }
  const reply = { code: "history", room: context.info(room), messages: found.slice(from), more: from > 0 } as const;
  context.emit({ type: "reply", reply });
  return "done";
}
