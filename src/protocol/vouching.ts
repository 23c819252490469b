/**
 * Pings on behalf of others (SWIM's indirect probe): who asked is told as soon as the target answers, and, when it does not,
 * soon enough to tell the target's silence from that of the one asked (Lifeguard's nack).
 */
import type { Context } from "./context.ts";
import type { Membership } from "./membership.ts";
import type { Session } from "./sessions.ts";
import type { BootId, PeerId } from "./types.ts";

export type Vouching = {
  readonly requested: (from: Session, target: PeerId) => void;
  /** A ping of it counts as lost. */
  readonly unanswered: (peer: PeerId) => void;
  readonly heard: (session: Session) => void;
};

/** Pings of one probe: as many as make a mistake, all of them lost by chance, rare in the whole room; within these bounds. */
const PINGS_LEAST = 3;
export const PINGS_MOST = 20;
/** Times the members: a mistake is told to everyone, so that what it costs each does not depend on their number. */
const MISTAKE = 1e-2;
/** BOUNDED: targets, and who asks for each. */
const TARGETS_MAX = 64;
const ASKERS_MAX = 8;

/** How many pings in a row are not all lost by chance. `loss`: 0..1, of a ping or its answer. */
export function pingsFor(loss: number, members: number): number {
  const enough = Math.ceil(Math.log(MISTAKE / members) / Math.log(Math.min(Math.max(loss, 1e-6), 0.99)));
  return Math.min(Math.max(enough, PINGS_LEAST), PINGS_MOST);
}

export function createVouching(context: Context, membership: Membership): Vouching {
  const { link } = context;
  const targets = new Map<PeerId, { readonly askers: Set<BootId>; lost: number }>();

  const ping = (target: PeerId): void => {
    const member = membership.get(target);
    if (member === undefined) return;
    link.send(membership.session(member), { type: "ping" }, { ticket: { kind: "probe", peer: target } });
  };
  const tell = (target: PeerId, answered: boolean): void => {
    for (const boot of targets.get(target)?.askers ?? []) {
      const asker = link.sessions.get(boot);
      if (asker !== undefined) link.send(asker, { type: "probeReply", target, answered });
    }
    targets.delete(target);
  };

  return {
    requested: (from, target) => {
      const known = targets.get(target);
      if (known !== undefined) {
        if (known.askers.size < ASKERS_MAX) known.askers.add(from.boot);
        return;
      }
      if (targets.size >= TARGETS_MAX || membership.get(target) === undefined) return;
      targets.set(target, { askers: new Set([from.boot]), lost: 0 });
      ping(target);
    },
    unanswered: (peer) => {
      const target = targets.get(peer);
      if (target === undefined) return;
      target.lost += 1;
      // A third of the pings that the one who asks spends itself: it hears in time.
      if (target.lost >= Math.ceil(pingsFor(link.lossRate(), membership.presentCount() + 1) / 3)) tell(peer, false);
      else ping(peer);
    },
    heard: (session) => {
      if (session.peer !== undefined && targets.has(session.peer)) tell(session.peer, true);
    },
  };
}
