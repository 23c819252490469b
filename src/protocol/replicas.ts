/** The two sets that peers reconcile: the log and the roster, each as reconciliation sees it. */
import type { SignedMessage } from "../crypto/signed.ts";
import type { Context } from "./context.ts";
import { boundOfTime, type History } from "./history.ts";
import type { Membership } from "./membership.ts";
import type { Replica } from "./reconciliation.ts";
import { answerWith } from "./serving.ts";
import type { Session } from "./sessions.ts";
import type { MessageId } from "./types.ts";
import type { Wants } from "./wants.ts";

export function logReplica(history: History, wants: Wants): Replica {
  return {
    ids: history.ids as unknown as Replica["ids"],
    floor: () => (history.horizon() === 0 ? "" : boundOfTime(history.horizon())),
    frameOf: (id) => {
      const message: SignedMessage | undefined = history.get(id as MessageId)?.message;
      return message === undefined ? undefined : answerWith(message);
    },
    want: (prefix, from) => wants.want(prefix, from, 0),
    asked: wants.asked,
  };
}

export function rosterReplica(membership: Membership, context: Context): Replica {
  return {
    ids: membership.ids,
    floor: () => "",
    frameOf: (id) => {
      const statement = membership.byRosterId(id);
      return statement === undefined ? undefined : { type: "statement", bytes: statement.bytes };
    },
    want: (prefix: string, from: Session) =>
      context.link.send(from, { type: "want", set: "roster", prefixes: [prefix] }, { tries: 2 }),
    asked: () => {},
  };
}
