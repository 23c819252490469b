/** Members as faces see them: what they say of themselves, and what this node knows of the way to them. */
import { tagOf } from "../../crypto/identity.ts";
import type { SignedStatement } from "../../crypto/signed.ts";
import type { Endpoint } from "../../wire/endpoint.ts";
import type { Context } from "../context.ts";
import type { PeerView } from "../views.ts";
import type { Member } from "./roster.ts";

export type PeerViews = {
  readonly view: (member: Member) => PeerView;
  readonly selfView: () => PeerView;
  /** Where it may be looked for unasked: there it has proven to be, or so it says itself. */
  readonly address: (member: Member) => Endpoint | undefined;
};

export function createPeerViews(context: Context, own: () => SignedStatement): PeerViews {
  const { identity, link } = context;
  return {
    view: (member) => {
      const { content } = member.statement;
      const session = link.sessions.get(content.boot);
      return {
        id: member.id,
        tag: tagOf(member.id),
        nick: content.nick,
        status: member.status,
        sinceMs: context.now.mono - member.since,
        address: session?.endpoint ?? content.endpoints[0],
        rttMs: session?.rtt.smoothedMs,
        lastHeardMs: session?.heardAt === undefined ? undefined : context.now.mono - session.heardAt,
      };
    },
    selfView: () => {
      const { nick, endpoints } = own().content;
      const base = { id: identity.id, tag: tagOf(identity.id), nick, status: "alive" as const };
      return { ...base, sinceMs: undefined, address: endpoints[0], rttMs: undefined, lastHeardMs: undefined };
    },
    address: ({ statement }) => {
      const { boot, endpoints } = statement.content;
      const session = link.sessions.get(boot);
      return session?.validated === true ? session.endpoint : endpoints[0];
    },
  };
}
