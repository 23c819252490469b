/**
 * Brings a node back after a sleep, a standstill, a time without a network, or on another network. It tells peers its
 * addresses, fetches what it missed, and then tells its user in one line what that came to.
 */
import { type Endpoint, isLoopback } from "../../wire/endpoint.ts";
import type { BootId, PeerId } from "../../wire/ids.ts";
import type { Context } from "../context.ts";
import type { Session } from "../link/session.ts";
import type { Probe } from "../liveness/probe.ts";
import { type Log, missingCount } from "../log/log.ts";
import type { Membership } from "../membership/membership.ts";
import { sample } from "../rng.ts";
import type { Digest } from "../sync/reconciliation.ts";
import type { Millis, UnixMillis } from "../time.ts";
import type { Reconnect } from "./reconnect.ts";

export type Resume = {
  /** Nothing was done for so long: neither heard nor said. */
  readonly resumed: (goneMs: Millis) => void;
  /** The host's own addresses are these now, the likeliest first. True if it is in another network, or in one again. */
  readonly network: (endpoints: readonly Endpoint[]) => boolean;
  /** It has been without a network for a while. */
  readonly offline: () => void;
  /** What differs is to be evened out at once. */
  readonly isActive: () => boolean;
  /** Another message is here, stamped so. */
  readonly heard: (author: PeerId, time: UnixMillis, from: Session) => void;
  /** A peer told what it holds; if that is the same, `inSync` follows. */
  readonly answered: (from: Session, digest: Digest) => void;
  readonly inSync: (from: Session) => void;
  /** Looks how far it has come. */
  readonly check: () => void;
  /** The room was left. */
  readonly stop: () => void;
};

/** Members asked at a time, as long as none has answered. */
const ASKED = 8;
const LOOK_MS: Millis = 500;
/** If nobody has answered by then, those asked may be gone: other addresses are tried. */
const WIDEN_AFTER_MS: Millis = 1_000;
/** Others may answer yet until then. */
const GATHER_MS: Millis = 1_500;
/** Then it is told as it is. */
const TELL_AFTER_MS: Millis = 10_000;
/** A shorter absence is not worth a line. */
const TOLD_MS_MIN: Millis = 30_000;
/** A flap of the link is no news. */
const OFFLINE_TOLD_MS: Millis = 5_000;

/** BOUNDED: sessions. How many messages came, and who brought them. */
type News = { messages: number; readonly bringers: Set<BootId> };

type Return = {
  goneMs: Millis;
  /** Since when it is looked for others, and until when what they said counts as missed. */
  since: Millis;
  until: UnixMillis;
  /** Where the host was before. */
  readonly place: Endpoint | undefined;
  /** A line is owed, however short it was. */
  isOwed: boolean;
  isWide: boolean;
  /** It was said that nobody answers yet; if somebody does, what comes of it is said, too. */
  isOverdue: boolean;
  readonly news: News;
  /** BOUNDED: by the members. Who has answered: what they hold, undefined where that is the same as here. */
  readonly answers: Map<PeerId, Digest | undefined>;
};

/** `lacking`: how many messages a peer holds by its digest and this node does not, as far as that can be told. */
export function createResume(
  context: Context,
  membership: Membership,
  log: Log,
  probe: Probe,
  reconnect: Reconnect,
  lacking: (from: Session, digest: Digest) => number,
): Resume {
  const { timers, link, rng, emit } = context;
  let current: Return | undefined;
  /** The likeliest of the host's own addresses; without a network the last one there was. */
  let place: Endpoint | undefined;
  let hadNetwork = false;
  let offlineSince: Millis | undefined;
  let saidOffline = false;
  /** What comes while the host seems to have no network shows that it has one already. */
  let early = noNews();

  const ask = (): void => {
    const statement = { type: "statement", bytes: membership.own().bytes } as const;
    for (const member of sample(rng, membership.present(), ASKED)) {
      const session = membership.session(member);
      // Who has forgotten this node meanwhile knows by the statement whom it answers.
      link.send(session, statement);
      link.send(session, { type: "ping" });
    }
  };
  const askAgain = (): void => {
    for (const [peer, digest] of current?.answers ?? []) {
      const member = digest === undefined ? undefined : membership.get(peer);
      if (member !== undefined) link.send(membership.session(member), { type: "ping" });
    }
  };
  const look = (): void => timers.set("resume", context.now.mono + LOOK_MS, { type: "resume" });

  const begin = (goneMs: Millis, isWide: boolean, isOwed: boolean, placeBefore = place): void => {
    if (membership.size() === 0 && reconnect.size() === 0) return;
    const before = current?.isOverdue === false ? current : undefined;
    current = {
      goneMs: (before?.goneMs ?? 0) + goneMs,
      since: context.now.mono,
      until: context.now.wall,
      place: before === undefined ? placeBefore : before.place,
      isOwed: isOwed || before?.isOwed === true,
      isWide,
      isOverdue: false,
      news: before?.news ?? early,
      answers: new Map(),
    };
    early = noNews();
    membership.pardon();
    // What went out before is answered by now or never will be: that says nothing about whom it went to.
    probe.stop();
    probe.start();
    membership.reannounce();
    ask();
    if (isWide) reconnect.lookAround();
    look();
  };

  const missing = ({ answers }: Return): number => {
    const counts = [...answers].map(([peer, digest]) => {
      const member = digest === undefined ? undefined : membership.get(peer);
      return digest === undefined || member === undefined ? 0 : lacking(membership.session(member), digest);
    });
    return Math.max(missingCount(log), ...counts);
  };
  const tell = (of: Return): void => {
    const { goneMs, news, answers } = of;
    const hasMoved = of.place !== undefined && of.place !== place;
    if (goneMs < TOLD_MS_MIN && !of.isOwed && !(hasMoved && answers.size > 0)) return;
    emit({
      type: "notice",
      notice: {
        code: "back",
        goneMs,
        messages: news.messages,
        peers: news.messages > 0 ? news.bringers.size : answers.size,
        missing: missing(of),
        answered: answers.size,
        complete: [...answers.values()].every((digest) => digest === undefined),
        movedTo: hasMoved ? (membership.selfView().address ?? place) : undefined,
      },
    });
  };

  return {
    resumed: (goneMs) => begin(goneMs, goneMs >= TOLD_MS_MIN, false),
    network: (endpoints) => {
      membership.network(endpoints);
      const isFirst = !hadNetwork && offlineSince === undefined;
      const likeliest = endpoints.find((endpoint) => !isLoopback(endpoint));
      if (likeliest === undefined) {
        if (offlineSince === undefined) early = noNews();
        offlineSince ??= context.now.mono;
        if (hadNetwork && !saidOffline && !timers.has("offline")) {
          timers.set("offline", context.now.mono + OFFLINE_TOLD_MS, { type: "offline" });
        }
        return false;
      }
      const goneMs = offlineSince === undefined ? 0 : Math.round(context.now.mono - offlineSince);
      timers.clear("offline");
      const before = place;
      place = likeliest;
      hadNetwork = true;
      offlineSince = undefined;
      if (!isFirst) begin(goneMs, true, saidOffline, before);
      saidOffline = false;
      return !isFirst;
    },
    offline: () => {
      saidOffline = true;
      emit({ type: "notice", notice: { code: "offline" } });
    },
    isActive: () => current !== undefined,
    heard: (author, time, from) => {
      if (author === context.identity.id || (current !== undefined && time > current.until)) return;
      const isEarly = offlineSince !== undefined && from.endpoint !== undefined && !isLoopback(from.endpoint);
      const news = current?.news ?? (isEarly ? early : undefined);
      if (news === undefined) return;
      news.messages += 1;
      news.bringers.add(from.boot);
    },
    answered: (from, digest) => {
      if (current === undefined || from.peer === undefined) return;
      if (current.isOverdue) {
        current.isOverdue = false;
        current.isOwed = true;
        current.goneMs += context.now.mono - current.since;
        current.since = context.now.mono;
        current.until = context.now.wall;
        look();
      }
      current.answers.set(from.peer, digest);
    },
    inSync: (from) => {
      if (from.peer !== undefined && current?.answers.has(from.peer)) current.answers.set(from.peer, undefined);
    },
    check: () => {
      // Without a network nothing comes of it; when there is one it begins anew.
      if (current === undefined || offlineSince !== undefined) return;
      const passedMs = context.now.mono - current.since;
      const isLate = passedMs >= TELL_AFTER_MS;
      if (current.answers.size === 0) {
        if (!isLate) {
          if (passedMs >= WIDEN_AFTER_MS && !current.isWide) reconnect.lookAround();
          current.isWide ||= passedMs >= WIDEN_AFTER_MS;
          ask();
          return look();
        }
        tell(current);
        if (current.isOwed || current.goneMs >= TOLD_MS_MIN) current.isOverdue = true;
        else current = undefined;
        return;
      }
      const isComplete = [...current.answers.values()].every((digest) => digest === undefined);
      if (passedMs < GATHER_MS || (!isComplete && !isLate)) {
        askAgain();
        return look();
      }
      tell(current);
      current = undefined;
    },
    stop: () => {
      current = undefined;
      timers.clear("resume");
    },
  };
}

// --- internal ---

function noNews(): News {
  return { messages: 0, bringers: new Set() };
}
