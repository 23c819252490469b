/** Where a peer is looked for: of what its statement lists, the address that fits this node, until it is heard from elsewhere. */
import type { SignedStatement } from "../../crypto/signed.ts";
import type { Context } from "../context.ts";
import { moveTo, type Session } from "../link/session.ts";
import type { Endpoint } from "../types.ts";
import { pickEndpoint } from "./ownAddresses.ts";

export type Whereabouts = {
  /** The session of the process start that the statement names; where it is now, or may be. */
  readonly sessionOf: (statement: SignedStatement) => Session;
  /** A peer that no longer lists the address it was reached at is not there any more: on to one that it lists. */
  readonly withdraw: (before: readonly Endpoint[], next: SignedStatement["content"]) => void;
};

export function createWhereabouts({ link }: Context, own: () => SignedStatement): Whereabouts {
  const pick = (endpoints: readonly Endpoint[], unanswered: number): Endpoint | undefined =>
    pickEndpoint(endpoints, own().content.endpoints, unanswered);
  return {
    sessionOf: ({ content }) => {
      const found = link.sessions.open(content.boot);
      found.peer = content.peer;
      found.listed = content.endpoints;
      if (found.heardAt === undefined || found.isGuess) found.endpoint = pick(found.listed, found.unanswered);
      return found;
    },
    withdraw: (before, { boot, endpoints }) => {
      const found = link.sessions.get(boot);
      if (found?.endpoint === undefined || endpoints.length === 0) return;
      if (!before.includes(found.endpoint) || endpoints.includes(found.endpoint)) return;
      // What went to the old address in vain is held against the new one only if the old one never answered.
      if (found.validated) found.unanswered = 0;
      found.isGuess = true;
      moveTo(found, pick(endpoints, found.unanswered));
    },
  };
}
