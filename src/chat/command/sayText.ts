/** Says something: waits until the node takes it, so that nothing that was said is lost on the way out. */
import type { MessageKind } from "../../wire/bodies/kinds.ts";
import type { MessageId } from "../../wire/ids.ts";
import type { CommandContext, Outcome } from "./commandContext.ts";

/** `target`: of the kinds that need one, a message that they may be about. */
export type Saying = { readonly text: string; readonly kind: MessageKind; readonly target?: MessageId | undefined };

export async function sayText(context: CommandContext, { text, kind, target }: Saying): Promise<Outcome> {
  // What UTF-8 cannot carry would look one way here and another way everywhere else.
  const sayable = Buffer.from(text).toString();
  for (;;) {
    const room = context.room();
    if (room.isBusy() && !(await context.ready())) return "refused";
    const outcome = await room.run({ type: "say", text: sayable, kind, target });
    if (outcome.isDone) {
      if (outcome.id !== undefined) context.emit({ type: "sent", id: outcome.id });
      return "done";
    }
    if (outcome.error.code === "busy") continue;
    context.emit({ type: "chat", event: { type: "error", error: outcome.error } });
    return "refused";
  }
}
