/**
 * Failure detection (SWIM, Das et al. 2002, §3.1 and §4.3). Each interval a node pings the next member of a shuffled
 * round. If there is no answer, it asks a few others to try. If they fail too, the member is suspected. Every ping and
 * answer carries the digest.
 *
 * Local health and negative answers are Lifeguard's (Dadgar, Phillips, Currey 2018, §IV.A).
 */
import { FRAMES_BYTES_MAX } from "../../wire/datagram.ts";
import type { Frame } from "../../wire/frames.ts";
import { frontOf, type PeerId } from "../../wire/ids.ts";
import type { Context } from "../context.ts";
import { limits } from "../limits.ts";
import { retransmitAfterMs } from "../link/rtt.ts";
import type { Session } from "../link/session.ts";
import type { Membership } from "../membership/membership.ts";
import type { Member } from "../membership/roster.ts";
import type { Rumours } from "../membership/rumours.ts";
import { suspicionMinMs } from "../membership/suspicion.ts";
import { below, jitter, sample, shuffle, uniform } from "../rng.ts";
import type { Millis } from "../time.ts";
import { createIndirectProbe, PINGS_MOST, pingsFor } from "./indirectProbe.ts";
import type { Reachability } from "./reachability.ts";

export type Probe = {
  readonly start: () => void;
  readonly stop: () => void;
  /** The interval is over: ping the next member. */
  readonly tick: () => void;
  /** It was not here before: it takes its turn in the present round (SWIM §4.3). */
  readonly cameIn: (peer: PeerId) => void;
  /** Many have gone at once: those who still count as here are asked now, not when it is their turn; at most ROLL_MAX. */
  readonly callRoll: () => readonly PeerId[];
  /** Someone suspects it: a few of those who hear of that look at once, the others soon, if it is suspected still. */
  readonly confirm: (peer: PeerId) => void;
  /** It is time to look: nobody is buried on the word of others. */
  readonly look: (peer: PeerId) => void;
  /** The ping, or what went with it, counts as lost: ask others, and try once more. */
  readonly unanswered: (peer: PeerId) => void;
  readonly deadline: (peer: PeerId) => void;
  readonly requested: (from: Session, target: PeerId, introduce: boolean) => void;
  /** What another node found when it was asked to ping `target`. */
  readonly vouched: (target: PeerId, answered: boolean, by: Session) => void;
  readonly heard: (session: Session) => void;
  readonly answer: (session: Session) => void;
  /** Tells pending rumours to a few members at once, and goes on until there are none. */
  readonly gossip: () => void;
  readonly gossipSoon: () => void;
};

/** Members asked to probe on one's behalf (SWIM's k). */
const INDIRECT_PROBES = 3;
/** No answer is awaited for less: a peer may be short of processor time. */
const PATIENCE_MS_MIN: Millis = 400;
/** Of all who hear of a suspicion about so many try the suspect at once. */
const CONFIRMERS = 8;
/** The others within this share of the shortest suspicion: by then whoever lives has refuted it, as a rule. */
const LOOK_WITHIN = 0.5;
/** Looks at a time: whoever accuses all of a large room must not make all of it ping. */
const LOOKS_MAX = 32;
const HEALTH_MAX = 8;
/** In a larger room each side has enough who ask: together they find everyone. */
const ROLL_MAX = 32;
/** Everyone, and those who went and came back meanwhile. */
const ROUND_MAX = 2 * limits.members;
/** memberlist: to how many members, how often, while there are rumours. */
const GOSSIP_FANOUT = 3;
const GOSSIP_INTERVAL_MS: Millis = 100;
/** Rumours leave room in a datagram for the digest and what else goes along. */
const RUMOUR_BYTES = FRAMES_BYTES_MAX - 200;
/** One in so many answers confirms an address that its receiver lists already. */
const OBSERVED_EVERY = 8;

type Probing = {
  readonly since: Millis;
  /** Others suspect it already: silence says nothing of this node's own health, and they have asked others. */
  readonly isLook: boolean;
  pings: number;
  asked: number;
  negative: number;
};

/** What probes carry for those who compare logs. */
export type Comparing = {
  readonly digest: (to: Session) => Frame;
  /** A member is pinged whose turn it was, by this node's own choice. */
  readonly check: (of: Session) => void;
};

export function createProbe(
  context: Context,
  membership: Membership,
  rumours: Rumours,
  reachability: Reachability,
  { digest, check }: Comparing,
): Probe {
  const { rng, timers, link } = context;
  /** BOUNDED: ROUND_MAX. Who is still to be pinged in this round, the last one first. */
  let round: PeerId[] = [];
  /** BOUNDED: by the members. Who is being probed, since when. */
  const probing = new Map<PeerId, Probing>();
  const indirectProbe = createIndirectProbe(context, membership);
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
  const ping = (session: Session, peer: PeerId): void =>
    link.send(
      session,
      { type: "ping" },
      { ticket: { owner: "probe", peer }, isQuiet: reachability.isUnheard(session) },
    );
  const begin = (member: Member, isLook = false): void => {
    if (probing.has(member.id)) return;
    const session = membership.session(member);
    probing.set(member.id, { since: context.now.mono, isLook, pings: 1, asked: 0, negative: 0 });
    const patienceMs = Math.max(
      PATIENCE_MS_MIN,
      (pingsFor(link.lossRateAtWorst(), membership.presentCount() + 1) + 1) * retransmitAfterMs(session.rtt),
    );
    timers.set(`probe ${member.id}`, context.now.mono + patienceMs * (1 + health), {
      type: "probe-deadline",
      peer: member.id,
    });
    ping(session, member.id);
    link.send(session, digest(session));
    sendRumours(session);
    // Whoever reached it before is asked at once.
    if (!reachability.isReachable(member)) askOthers(member, reachability.intermediaries(member).slice(0, 1));
  };
  const isAnswered = (member: Member, since: Millis): boolean =>
    (link.sessions.get(member.statement.content.boot)?.heardAt ?? Number.NEGATIVE_INFINITY) >= since;
  /** `known`: whom to ask, if it is known who reaches it. */
  const askOthers = (member: Member, known: readonly Member[] = []): void => {
    const mayHelp = (other: Member): boolean =>
      other !== member && other.status === "alive" && reachability.isReachable(other);
    const asked = known.length > 0 ? known : sample(rng, membership.present().filter(mayHelp), INDIRECT_PROBES);
    const probe = probing.get(member.id);
    const introduce = !reachability.isReachable(member);
    for (const other of asked) {
      link.send(membership.session(other), { type: "probeRequest", target: member.id, introduce });
      if (probe !== undefined) probe.asked += 1;
    }
  };
  const lookSoon = (peer: PeerId): void => {
    const withinMs = LOOK_WITHIN * suspicionMinMs(membership.presentCount() + 1, context.config.probeIntervalMs);
    timers.set(`look ${peer}`, context.now.mono + uniform(rng) * withinMs, { type: "look", peer });
  };
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
      probing.clear();
    },
    tick: () => {
      schedule();
      const member = next();
      if (member === undefined) return;
      begin(member);
      check(membership.session(member));
    },
    cameIn: (peer) => {
      round.splice(below(rng, round.length + 1), 0, peer);
      if (round.length > ROUND_MAX) round.shift();
    },
    callRoll: () => {
      const alive = membership.present().filter((member) => member.status === "alive");
      const asked = sample(rng, alive, ROLL_MAX);
      for (const member of asked) {
        if (probing.has(member.id)) link.send(membership.session(member), { type: "ping" });
        else begin(member);
      }
      return asked.map((member) => member.id);
    },
    confirm: (peer) => {
      const member = membership.get(peer);
      if (member?.status !== "suspect") return;
      if (uniform(rng) * membership.presentCount() < CONFIRMERS) begin(member);
      else lookSoon(peer);
    },
    look: (peer) => {
      const member = membership.get(peer);
      if (member?.status !== "suspect") return;
      const looks = [...probing.values()].filter(({ isLook }) => isLook).length;
      if (looks < LOOKS_MAX) begin(member, true);
      else lookSoon(peer);
    },
    unanswered: (peer) => {
      indirectProbe.unanswered(peer);
      const member = membership.get(peer);
      const probe = probing.get(peer);
      if (member === undefined || probe === undefined || isAnswered(member, probe.since)) return;
      // Where much is lost, most pings need a second or third: others are asked when chance alone explains it badly.
      const isOdd = probe.pings === Math.ceil(pingsFor(link.lossRateAtWorst(), membership.presentCount() + 1) / 2);
      if (isOdd && !probe.isLook) askOthers(member);
      if (probe.pings >= PINGS_MOST) return;
      probe.pings += 1;
      ping(membership.session(member), peer);
    },
    deadline: (peer) => {
      const probe = probing.get(peer);
      probing.delete(peer);
      const member = membership.get(peer);
      if (probe === undefined || member === undefined || isAnswered(member, probe.since)) {
        health = Math.max(health - 1, 0);
        return;
      }
      // Those who were asked say that it is silent for them too: then it is not this node that does not hear.
      const doubt = probe.asked > 0 ? probe.asked - probe.negative : 1;
      if (!probe.isLook) health = Math.min(health + Math.max(doubt, 0), HEALTH_MAX);
      const { id } = context.identity;
      membership.suspect(peer, member.statement.content.incarnation, frontOf(id), id);
    },
    requested: indirectProbe.requested,
    vouched: (target, answered, by) => {
      if (answered) reachability.vouched(target, by);
      const probe = probing.get(target);
      if (probe === undefined) return;
      if (answered) probing.delete(target);
      else probe.negative += 1;
    },
    heard: indirectProbe.heard,
    answer: (session) => {
      link.send(session, digest(session));
      const { endpoint } = session;
      const known = session.peer === undefined ? undefined : membership.get(session.peer)?.statement.content.endpoints;
      const isNews = endpoint !== undefined && known?.includes(endpoint) !== true;
      if (endpoint !== undefined && (isNews || below(rng, OBSERVED_EVERY) === 0)) {
        link.send(session, { type: "observed", endpoint, wall: context.now.wall });
      }
      if (!rumours.isEmpty() && session.proven) sendRumours(session);
    },
    gossip: () => {
      for (const member of sample(rng, membership.present(), GOSSIP_FANOUT))
        if (reachability.isReachable(member)) sendRumours(membership.session(member));
      gossipSoon();
    },
    gossipSoon,
  };
}
