/** This node's own statement. Each change makes a new one, signed, with a larger incarnation. */
import { type SignedStatement, signStatement } from "../../crypto/signed.ts";
import type { Endpoint } from "../../wire/endpoint.ts";
import type { Context } from "../context.ts";
import type { Session } from "../link/session.ts";
import type { Millis } from "../time.ts";
import { createOwnAddresses } from "./ownAddresses.ts";
import type { Rumours } from "./rumours.ts";

export type Change = Partial<Omit<SignedStatement["content"], "peer" | "boot">>;

export type OwnStatement = {
  readonly current: () => SignedStatement;
  /** Says it to everyone. Without a change: others may have buried this node, or look for it elsewhere. */
  readonly announce: (change?: Change) => void;
  /** The same, at most once in ANNOUNCE_INTERVAL_MS: one statement answers all that others have said meanwhile. */
  readonly announceSoon: () => void;
  /** A proven peer sees this node there. */
  readonly observed: (endpoint: Endpoint, by: Session) => void;
  /** Where the host is on its own networks; it is told with the next announcement. */
  readonly network: (endpoints: readonly Endpoint[]) => void;
  readonly isBehindNat: () => boolean;
};

/** The last incarnation there is: a peer that has come to it stays as it is. */
const INCARNATION_MAX = 2 ** 48 - 1;

/** Each statement is a rumour to the whole room: others cannot make this node say more than this. */
const ANNOUNCE_INTERVAL_MS: Millis = 1_000;

/** `given`: what others have of it already. `replaced` is told of each statement that gives way to a new one. */
export function createOwnStatement(
  context: Context,
  rumours: Rumours,
  nick: string,
  given: SignedStatement | undefined,
  replaced: (before: SignedStatement, next: SignedStatement) => void,
): OwnStatement {
  const { identity, roomKeys, link, timers, extensions } = context;
  const first = {
    boot: link.boot,
    linkKey: link.linkKey,
    incarnation: context.now.wall,
    status: "alive",
    nick,
    endpoints: [],
    extensions,
  } as const;
  let own = given?.content.boot === link.boot ? given : signStatement(roomKeys, identity, first);
  const addresses = createOwnAddresses(own.content.endpoints, context.now.mono);

  let announcedAt: Millis = Number.NEGATIVE_INFINITY;

  const announce = (change: Change = {}): void => {
    const before = own;
    announcedAt = context.now.mono;
    timers.clear("announce");
    const { status, nick: name } = before.content;
    const incarnation = Math.min((change.incarnation ?? before.content.incarnation) + 1, INCARNATION_MAX);
    const endpoints = addresses.listed();
    const { boot, linkKey } = link;
    const content = { boot, linkKey, status, nick: name, endpoints, extensions, ...change, incarnation };
    own = signStatement(roomKeys, identity, content);
    replaced(before, own);
    rumours.spread(identity.id, { type: "statement", bytes: own.bytes });
  };

  const announceSoon = (): void => {
    const at = announcedAt + ANNOUNCE_INTERVAL_MS;
    if (context.now.mono >= at) announce();
    else if (!timers.has("announce")) timers.set("announce", at, { type: "announce" });
  };

  return {
    current: () => own,
    announce,
    announceSoon,
    observed: (endpoint, { standing, endpoint: observer }) => {
      // Whoever may name any address as its own would have the word of as many hosts as there are addresses.
      if (standing !== "validated" || observer === undefined) return;
      const isUnknown = own.content.endpoints.length === 0;
      if (!addresses.observed(endpoint, observer, context.now.mono)) return;
      // Before that nobody can be sent to this node.
      if (isUnknown) announce();
      else announceSoon();
    },
    network: (endpoints) => {
      addresses.network(endpoints);
    },
    isBehindNat: addresses.isBehindNat,
  };
}
