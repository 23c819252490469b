/**
 * Failure detection (SWIM, Das et al. 2002, §3.1 and §4.3): each interval the next member of a shuffled round is pinged;
 * without an answer a few others are asked to try; without theirs it is suspected. Every ping and answer carries the digest.
 */

import { FRAMES_BYTES_MAX } from "../wire/datagram.ts";
import type { Frame } from "../wire/frame.ts";
import type { Context } from "./context.ts";
import type { Member, Membership } from "./membership.ts";
import { jitter, sample, shuffle } from "./rng.ts";
import type { Rumours } from "./rumours.ts";
import type { Session } from "./sessions.ts";
import type { BootId, Millis, PeerId } from "./types.ts";

export type Probe = {
  readonly start: () => void;
  readonly stop: () => void;
  /** The interval is over: ping the next member. */
  readonly tick: () => void;
  /** The ping, or what went with it, counts as lost: ask others, and try once more. */
  readonly unanswered: (peer: PeerId) => void;
  readonly deadline: (peer: PeerId) => void;
  readonly requested: (from: Session, target: PeerId) => void;
  /** Another node got an answer from `target`. */
  readonly vouched: (target: PeerId) => void;
  readonly heard: (session: Session) => void;
  readonly answer: (session: Session) => void;
  /** Tells pending rumours to a few members at once, and goes on until there are none. */
  readonly gossip: () => void;
  readonly gossipSoon: () => void;
};

/** Members asked to probe on one's behalf (SWIM's k). */
const INDIRECT_PROBES = 3;
/** Direct pings of one probe. */
const PINGS_MAX = 8;
const HEALTH_MAX = 8;
/** memberlist: to how many members, how often, while there are rumours. */
const GOSSIP_FANOUT = 3;
const GOSSIP_INTERVAL_MS: Millis = 200;
/** Rumours leave room in a datagram for the digest and what else goes along. */
const RUMOUR_BYTES = FRAMES_BYTES_MAX - 200;

export function createProbe(context: Context, membership: Membership, rumours: Rumours, digest: () => Frame): Probe {
  const { rng, timers, link } = context;
  let round: PeerId[] = [];
  /** BOUNDED: one probe is started each interval and ends within the next. Who is being probed, since when. */
  const waiting = new Map<PeerId, { readonly since: Millis; pings: number }>();
  /** BOUNDED: by requests of the last interval. Who wants to know about a target's boot. */
  const askers = new Map<BootId, Set<BootId>>();

  /** Lifeguard's local health, 0 (well) .. HEALTH_MAX: who misses many answers doubts itself first, and waits longer. */
  let health = 0;

  const next = (): Member | undefined => {
    for (let tries = 0; tries < 2; tries += 1) {
      for (let peer = round.pop(); peer !== undefined; peer = round.pop()) {
        const member = membership.get(peer);
        if (member?.status === "alive" || member?.status === "suspect") return member;
      }
      round = shuffle(
        rng,
        membership.present().map((member) => member.id),
      );
    }
    return undefined;
  };
  const schedule = (): void => {
    timers.set("probe", context.now.mono + jitter(rng, context.config.probeIntervalMs, 0.1), { type: "probe" });
  };
  const sendRumours = (session: Session): void => {
    for (const frame of rumours.take(RUMOUR_BYTES, membership.presentCount() + 1)) link.send(session, frame);
  };
  const ping = (member: Member): void => {
    const session = membership.session(member);
    link.send(session, { type: "ping" }, { ticket: { kind: "probe", peer: member.id } });
    link.send(session, digest());
    sendRumours(session);
  };
  const isAnswered = (member: Member, since: Millis): boolean =>
    (link.sessions.get(member.statement.content.boot)?.heardAt ?? Number.NEGATIVE_INFINITY) >= since;
  const gossipSoon = (): void => {
    if (!rumours.isEmpty() && membership.presentCount() > 0 && !timers.has("gossip")) {
      timers.set("gossip", context.now.mono + GOSSIP_INTERVAL_MS, { type: "gossip" });
    }
  };

  return {
    start: schedule,
    stop: () => {
      timers.clear("probe");
      timers.clear("gossip");
      waiting.clear();
    },
    tick: () => {
      schedule();
      askers.clear();
      const member = next();
      if (member === undefined || waiting.has(member.id)) return;
      waiting.set(member.id, { since: context.now.mono, pings: 1 });
      const at = context.now.mono + context.config.probeIntervalMs * (1 + health);
      timers.set(`probe ${member.id}`, at, { type: "probe-deadline", peer: member.id });
      ping(member);
    },
    unanswered: (peer) => {
      const member = membership.get(peer);
      const probe = waiting.get(peer);
      if (member === undefined || probe === undefined || isAnswered(member, probe.since)) return;
      if (probe.pings >= PINGS_MAX) return;
      probe.pings += 1;
      link.send(membership.session(member), { type: "ping" }, { ticket: { kind: "probe", peer } });
      if (probe.pings > 2) return;
      const others = membership.present().filter((other) => other.id !== peer && other.status === "alive");
      for (const other of sample(rng, others, INDIRECT_PROBES)) {
        link.send(membership.session(other), { type: "probeRequest", target: peer });
      }
    },
    deadline: (peer) => {
      const probe = waiting.get(peer);
      waiting.delete(peer);
      const member = membership.get(peer);
      const failed = probe !== undefined && member !== undefined && !isAnswered(member, probe.since);
      health = Math.min(Math.max(health + (failed ? 1 : -1), 0), HEALTH_MAX);
      if (!failed) return;
      membership.suspect(peer, member.statement.content.incarnation, context.identity.id.slice(0, 16));
    },
    requested: (from, target) => {
      const member = membership.get(target);
      if (member === undefined || askers.size >= 64) return;
      const boot = member.statement.content.boot;
      askers.set(boot, (askers.get(boot) ?? new Set()).add(from.boot));
      link.send(membership.session(member), { type: "ping" });
    },
    vouched: (target) => {
      waiting.delete(target);
    },
    heard: (session) => {
      if (session.peer === undefined) return;
      for (const boot of askers.get(session.boot) ?? []) {
        const asker = link.sessions.get(boot);
        if (asker !== undefined) link.send(asker, { type: "probeReply", target: session.peer });
      }
      askers.delete(session.boot);
    },
    answer: (session) => {
      link.send(session, digest());
      if (session.endpoint !== undefined) link.send(session, { type: "observed", endpoint: session.endpoint });
      if (!rumours.isEmpty() && session.proven) sendRumours(session);
    },
    gossip: () => {
      for (const member of sample(rng, membership.present(), GOSSIP_FANOUT)) sendRumours(membership.session(member));
      gossipSoon();
    },
    gossipSoon,
  };
}
