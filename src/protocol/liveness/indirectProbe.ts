/**
 * Pings a member on behalf of another (SWIM's indirect probe). The asker is told as soon as the target answers. If it does
 * not, the asker is told early enough to tell a silent target from a silent helper (Lifeguard's nack).
 *
 * If the asker does not reach the target itself, both are introduced: the target is told at once, the asker when the
 * target has answered.
 */
import type { BootId, PeerId } from "../../wire/ids.ts";
import type { Context } from "../context.ts";
import type { Session } from "../link/session.ts";
import type { Membership } from "../membership/membership.ts";
import type { Member } from "../membership/roster.ts";
import type { Millis } from "../time.ts";

export type IndirectProbe = {
  readonly requested: (from: Session, target: PeerId, introduce: boolean) => void;
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
/** Two nodes are introduced once in a while: longer than either heeds no other introduction of the same. */
const INTRODUCED_AGAIN_MS: Millis = 40_000;
/** BOUNDED: pairs introduced within that time. */
const PAIRS_MAX = 256;

/** How many pings in a row are not all lost by chance. `loss`: 0..1, of a ping or its answer. */
export function pingsFor(loss: number, members: number): number {
  const enough = Math.ceil(Math.log(MISTAKE / members) / Math.log(Math.min(Math.max(loss, 1e-6), 0.99)));
  return Math.min(Math.max(enough, PINGS_LEAST), PINGS_MOST);
}

export function createIndirectProbe(context: Context, membership: Membership): IndirectProbe {
  const { link } = context;
  /** Who asks for each target, and whether it is being introduced. */
  const targets = new Map<PeerId, { readonly askers: Map<BootId, boolean>; lost: number }>();
  /** When these two were introduced, the longest ago first. */
  const pairs = new Map<string, Millis>();

  const send = (target: Member, askers: ReadonlyMap<BootId, boolean>): void => {
    const session = membership.session(target);
    for (const [boot, isIntroduced] of askers) if (isIntroduced) present(session, link.sessions.get(boot));
    link.send(session, { type: "ping" }, { ticket: { owner: "probe", peer: target.id } });
  };
  /** Tells `to` who asked for it, and where it is. */
  const present = (to: Session, { peer, endpoint }: Partial<Session> = {}): void => {
    const member = peer === undefined ? undefined : membership.get(peer);
    if (member === undefined || endpoint === undefined) return;
    link.send(to, { type: "statement", bytes: member.statement.bytes });
    link.send(to, { type: "introduce", peer: member.id, endpoint });
  };
  const mayIntroduce = ({ peer, standing }: Session, target: PeerId): boolean => {
    const now = context.now.mono;
    const member = peer === undefined || standing !== "validated" ? undefined : membership.get(peer);
    // Who has only just come in lists no address yet: nobody else would take it for a member.
    if (member === undefined || !membership.isHere(member.id)) return false;
    if (member.statement.content.endpoints.length === 0) return false;
    for (const [pair, at] of pairs) if (now - at >= INTRODUCED_AGAIN_MS) pairs.delete(pair);
    const pair = member.id < target ? `${member.id} ${target}` : `${target} ${member.id}`;
    if (pairs.has(pair) || pairs.size >= PAIRS_MAX) return false;
    pairs.set(pair, now);
    return true;
  };
  const tell = (target: PeerId, answered: boolean): void => {
    const endpoint = answered ? membership.sessionOf(target)?.endpoint : undefined;
    for (const [boot, isIntroduced] of targets.get(target)?.askers ?? []) {
      const asker = link.sessions.get(boot);
      if (asker === undefined) continue;
      link.send(asker, { type: "probeReply", target, answered });
      if (isIntroduced && endpoint !== undefined) link.send(asker, { type: "introduce", peer: target, endpoint });
    }
    targets.delete(target);
  };

  return {
    requested: (from, target, introduce) => {
      const member = membership.get(target);
      const known = targets.get(target);
      if (member === undefined || (known === undefined && targets.size >= TARGETS_MAX)) return;
      const isIntroduced = introduce && mayIntroduce(from, target);
      const asker = new Map([[from.boot, isIntroduced]]);
      if (known === undefined) targets.set(target, { askers: asker, lost: 0 });
      else if (known.askers.size < ASKERS_MAX && (isIntroduced || !known.askers.has(from.boot)))
        known.askers.set(from.boot, isIntroduced);
      if (known === undefined || isIntroduced) send(member, asker);
    },
    unanswered: (peer) => {
      const target = targets.get(peer);
      const member = membership.get(peer);
      if (target === undefined || member === undefined) return;
      target.lost += 1;
      // A third of the pings that the one who asks spends itself: it hears in time.
      if (target.lost >= Math.ceil(pingsFor(link.lossRateAtWorst(), membership.presentCount() + 1) / 3))
        tell(peer, false);
      else send(member, target.askers);
    },
    heard: (session) => {
      if (session.peer !== undefined && targets.has(session.peer)) tell(session.peer, true);
    },
  };
}
