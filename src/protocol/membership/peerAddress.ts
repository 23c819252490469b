/** Chooses at which of its listed addresses a peer is looked for, until it has been heard from another. */
import type { SignedStatement } from "../../crypto/signed.ts";
import { type Endpoint, isLoopback } from "../../wire/endpoint.ts";
import type { StatementContent } from "../../wire/statement.ts";
import type { Context } from "../context.ts";
import { moveTo, type Session } from "../link/session.ts";
import type { Millis } from "../time.ts";
import { hostOf, isPrivate } from "./ownAddresses.ts";

export type PeerAddresses = {
  /** The session of the process start that the statement names; where it is now, or may be. */
  readonly sessionOf: (statement: SignedStatement) => Session;
  /** A peer that no longer lists the address it was reached at is not there any more: on to one that it lists. */
  readonly withdraw: (before: readonly Endpoint[], next: SignedStatement["content"]) => void;
};

/** Tries at one address of a peer before the next one. */
export const TRIES_EACH = 3;
/** Since its last statement. By then the others have been told. */
const NEW_MS: Millis = 10_000;

export function createPeerAddresses(context: Context, own: () => SignedStatement): PeerAddresses {
  const { link } = context;
  const pick = (endpoints: readonly Endpoint[], unanswered: number): Endpoint | undefined =>
    pickEndpoint(endpoints, own().content.endpoints, unanswered);
  const isYoung = ({ incarnation }: StatementContent): boolean => context.now.wall - incarnation < NEW_MS;
  return {
    sessionOf: ({ content }) => {
      const isNew = link.sessions.get(content.boot) === undefined;
      const found = link.sessions.open(content.boot);
      // Who is new in the room knows few of the others yet, and few of them know it.
      if (isNew) found.isStranger = isYoung(content) || isYoung(own().content);
      found.peer = content.peer;
      found.linkKey ??= content.linkKey;
      found.listed = content.endpoints;
      if (found.standing === "guessed") found.endpoint = pick(found.listed, found.unanswered);
      return found;
    },
    withdraw: (before, { boot, endpoints }) => {
      const found = link.sessions.get(boot);
      if (found?.endpoint === undefined || endpoints.length === 0) return;
      if (!before.includes(found.endpoint) || endpoints.includes(found.endpoint)) return;
      // What went to the old address in vain is held against the new one only if the old one never answered.
      if (found.standing === "validated") found.unanswered = 0;
      moveTo(found, pick(endpoints, found.unanswered));
    },
  };
}

/** Of the addresses a peer is said to have, one that can mean the same from here; the next one after each few unanswered tries. */
export function pickEndpoint(
  endpoints: readonly Endpoint[],
  own: readonly Endpoint[],
  unanswered: number,
): Endpoint | undefined {
  const ordered = [...endpoints];
  const seenOf = new Set(own.map(hostOf));
  // On this host loopback is what works; behind the same NAT it is the address inside.
  if (own.length === 0 || own.every(isLoopback)) ordered.sort((a, b) => Number(isLoopback(b)) - Number(isLoopback(a)));
  else if (endpoints.some((endpoint) => seenOf.has(hostOf(endpoint))))
    ordered.sort((a, b) => Number(isPrivate(b)) - Number(isPrivate(a)));
  return ordered[Math.floor(unanswered / TRIES_EACH) % Math.max(ordered.length, 1)];
}
