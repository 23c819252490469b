/**
 * Notices that the network has split, and that it is whole again. No node can see a split from inside. It can see that
 * many peers stop answering at once without a goodbye, and later are all back. The user is told of both, once each, and
 * how many messages the other side had.
 */
import type { BootId, PeerId } from "../../wire/ids.ts";
import type { Context } from "../context.ts";
import { limits } from "../limits.ts";
import type { Membership } from "../membership/membership.ts";
import type { Millis } from "../time.ts";
import type { PeerStatus, PeerView } from "../views.ts";

export type Partition = {
  /** A peer has this status now. */
  readonly changed: (status: PeerStatus, peer: PeerView) => void;
  /** Nobody is left. */
  readonly alone: () => void;
  /** A message was fetched, not heard live. */
  readonly fetched: (author: PeerId) => void;
  /** The peer's log equals this node's. */
  readonly inSync: (peer: PeerId) => void;
  /** Looks whether the picture has settled. */
  readonly check: () => void;
  readonly reset: () => void;
};

/** Deaths within so long belong together: a cut is noticed by and by, as members are probed and suspicions run out. */
const WINDOW_MS: Millis = 60_000;
/** The picture has settled when it was the same for so long, or when everyone has had so long to answer the roll call. */
const SETTLED_MS: Millis = 5_000;
/** Whoever is suspected for so long is out of reach: a mistake would have been put right. */
const SUSPECTED_MS: Millis = 2_000;
/** Or when it has not come to rest for so long. */
const UNSETTLED_MS: Millis = 20_000;
const CHECK_MS: Millis = 1_000;
/** A flapping network is told of this often. */
const QUIET_MS: Millis = 30_000;
/** So long after the last return those who are still missing are waited for. */
const STRAGGLERS_MS: Millis = 5_000;
/** Without another message from the other side for so long there are no more, though no peer's log was the same. */
const DRY_MS: Millis = 10_000;
/** What has not come by then counts no more. */
const RECOVERED_WITHIN_MS: Millis = 120_000;

/** One crash is no split, and in a larger room a few in the same minute are chance: their spread grows with the root of the room. */
export function goneAtLeast(room: number): number {
  return Math.max(2, Math.round(Math.sqrt(room)));
}

type Lost = { readonly at: Millis; readonly boot: BootId | undefined };
/** `isDead`: not only silent when it was counted. */
type Gone = { readonly boot: BootId | undefined; readonly isDead: boolean };

type Parted = {
  /** BOUNDED: `limits.members`. Out of reach, not back yet; as which process each was known. */
  readonly gone: Map<PeerId, Gone>;
  /** BOUNDED: `limits.members`. Who stayed: what they say is no recovery. */
  readonly stayed: Set<PeerId>;
  /** When one of those who are gone was last heard. */
  readonly since: Millis;
  /** BOUNDED: `limits.members`. Those who are back; true: as another process. */
  readonly back: Map<PeerId, boolean>;
  /** On this side when the first came back, this node included. */
  here: number;
  firstBackAt: Millis;
  lastBackAt: Millis;
  recovered: number;
  lastRecoveredAt: Millis;
  /** The log equals that of one who came back with the last of them: of several parts each has its own to tell. */
  inSync: boolean;
  /** BOUNDED: as `back`. Those who came back with the last of them. */
  readonly latest: Set<PeerId>;
};

/** `callRoll`: pings those who still count as here, in a large room some of them, so that the numbers told are right. */
export function createPartition(
  context: Context,
  membership: Pick<Membership, "all" | "get" | "presentCount">,
  callRoll: () => readonly PeerId[],
): Partition {
  const { timers, emit } = context;
  /** BOUNDED: `limits.members`. Died within WINDOW_MS and is not back. */
  const lost = new Map<PeerId, Lost>();
  let parted: Parted | undefined;
  let told = Number.NEGATIVE_INFINITY;
  /** How many were out of reach when last looked at, since when so many, and since when enough for a split. */
  let picture = { count: 0, since: 0 };
  let enoughSince: Millis | undefined;
  /** BOUNDED: by the roll call. */
  let asked: readonly PeerId[] = [];

  const schedule = (): void => {
    if (!timers.has("partition")) timers.set("partition", context.now.mono + CHECK_MS, { type: "partition" });
  };
  const died = (peer: PeerView): void => {
    const member = membership.get(peer.id);
    // It was never met, and is not listed as gone.
    if (member === undefined) return;
    const { boot } = member.statement.content;
    const { mono } = context.now;
    if (parted !== undefined) {
      parted.back.delete(peer.id);
      parted.stayed.delete(peer.id);
      if (parted.gone.size < limits.members) parted.gone.set(peer.id, { boot, isDead: true });
    } else lost.set(peer.id, { at: mono, boot });
    schedule();
  };
  const returned = (id: PeerId): void => {
    lost.delete(id);
    const gone = parted?.gone.get(id);
    if (parted === undefined || gone === undefined) return;
    parted.gone.delete(id);
    if (!gone.isDead) {
      // It was late with its answer, and here all the while.
      parted.stayed.add(id);
      return;
    }
    const { mono } = context.now;
    // One that came and went does not make the beginning of a reunion.
    if (parted.back.size === 0 || mono - parted.lastBackAt > DRY_MS) {
      parted.firstBackAt = mono;
      parted.here = membership.presentCount() - parted.back.size;
    }
    parted.back.set(id, gone.boot !== membership.get(id)?.statement.content.boot);
    if (mono - parted.lastBackAt > CHECK_MS) parted.latest.clear();
    parted.latest.add(id);
    parted.lastBackAt = mono;
    parted.inSync = false;
    schedule();
  };
  const left = (peer: PeerView): void => {
    lost.delete(peer.id);
    parted?.gone.delete(peer.id);
    parted?.back.delete(peer.id);
    if (parted?.gone.size === 0 && parted.back.size === 0) parted = undefined;
  };

  const withStatus = (status: PeerStatus, forMs: Millis = 0): PeerId[] =>
    [...membership.all()]
      .filter((member) => member.status === status && context.now.mono - member.since >= forMs)
      .map(({ id }) => id);
  const heardAt = (boot: BootId | undefined): Millis =>
    (boot === undefined ? undefined : context.link.sessions.get(boot)?.heardAt) ?? Number.NEGATIVE_INFINITY;

  /** Asked long enough ago, and not heard since; who was never heard directly has its answers given by others. */
  const unanswered = (): PeerId[] => {
    const since = enoughSince ?? Number.POSITIVE_INFINITY;
    if (context.now.mono - since < SETTLED_MS) return [];
    return asked.filter((id) => {
      const member = membership.get(id);
      const heard = heardAt(member?.statement.content.boot);
      const isHere = member?.status === "alive" || member?.status === "suspect";
      return isHere && heard < since && heard > Number.NEGATIVE_INFINITY;
    });
  };
  const part = (silent: readonly PeerId[], isAlone: boolean): void => {
    const gone = new Map<PeerId, Gone>();
    for (const id of silent) gone.set(id, { boot: membership.get(id)?.statement.content.boot, isDead: isAlone });
    for (const [id, { boot }] of lost) gone.set(id, { boot, isDead: true });
    const { mono } = context.now;
    let since = Number.NEGATIVE_INFINITY;
    for (const { boot } of gone.values()) since = Math.max(since, heardAt(boot));
    if (since === Number.NEGATIVE_INFINITY) since = mono;
    const stayed = new Set([...membership.all()].map(({ id }) => id).filter((id) => !gone.has(id)));
    const counts = { here: 0, firstBackAt: 0, lastBackAt: 0, recovered: 0, lastRecoveredAt: mono, inSync: false };
    parted = { gone, stayed, since, back: new Map(), latest: new Set(), ...counts };
    lost.clear();
    enoughSince = undefined;
    picture = { count: 0, since: mono };
    told = mono;
  };

  /** Are enough gone, and is the picture at rest? */
  const lookForSplit = (): void => {
    const { mono } = context.now;
    for (const [id, { at }] of lost) if (mono - at > WINDOW_MS) lost.delete(id);
    const silent = [...new Set([...withStatus("suspect", SUSPECTED_MS), ...unanswered()])];
    const count = lost.size + silent.length;
    if (count !== picture.count) picture = { count, since: mono };
    const reachable = membership.presentCount() - silent.length + 1;
    const of = reachable + count;
    if (lost.size < goneAtLeast(of)) enoughSince = undefined;
    else if (enoughSince === undefined) {
      enoughSince = mono;
      asked = callRoll();
    }
    if (enoughSince === undefined || mono - enoughSince < SETTLED_MS || mono - told < QUIET_MS) return;
    const isComplete = withStatus("alive").every((id) => asked.includes(id));
    if (!isComplete && mono - picture.since < SETTLED_MS && mono - enoughSince < UNSETTLED_MS) return;
    // Nobody else is left, or will be soon: that is told as such.
    if (reachable === 1) return;
    part(silent, false);
    emit({ type: "notice", notice: { code: "split", reachable, of } });
  };

  /** Are enough of them back, and is what they had to tell here? */
  const lookForReunion = ({ gone, back, ...seen }: Parted): void => {
    const { mono } = context.now;
    for (const [id, { isDead }] of gone) if (!isDead && membership.get(id)?.status === "alive") returned(id);
    const enough = goneAtLeast(seen.here + gone.size + back.size);
    if (gone.size >= enough && back.size < enough) return;
    const quietMs = mono - seen.lastBackAt;
    if (quietMs < (gone.size === 0 ? CHECK_MS : STRAGGLERS_MS)) return;
    const isDry = mono - Math.max(seen.lastBackAt, seen.lastRecoveredAt) >= DRY_MS;
    if (!seen.inSync && !isDry && mono - seen.firstBackAt < RECOVERED_WITHIN_MS) return;
    const restarted = [...back.values()].filter((isAnother) => isAnother).length;
    const goneMs = seen.firstBackAt - seen.since;
    const sides = [seen.here, back.size] as const;
    const { recovered } = seen;
    emit({ type: "notice", notice: { code: "healed", sides, restarted, recovered, goneMs } });
    told = mono;
    back.clear();
    if (gone.size < enough) parted = undefined;
    else Object.assign(parted as Parted, { recovered: 0 });
  };

  return {
    changed: (status, peer) => {
      if (status === "dead") died(peer);
      if (status === "alive") returned(peer.id);
      if (status === "left") left(peer);
    },
    alone: () => {
      // This node alone is one side: when the others are back, that is a reunion like any other.
      if (parted === undefined && lost.size >= goneAtLeast(0)) part(withStatus("dead"), true);
    },
    fetched: (author) => {
      if (parted === undefined || parted.stayed.has(author) || author === context.identity.id) return;
      parted.recovered += 1;
      parted.lastRecoveredAt = context.now.mono;
    },
    inSync: (peer) => {
      if (parted?.latest.has(peer) === true) parted.inSync = true;
    },
    check: () => {
      if (parted === undefined) lookForSplit();
      else if (parted.back.size > 0) lookForReunion(parted);
      if (lost.size > 0 || (parted?.back.size ?? 0) > 0) schedule();
    },
    reset: () => {
      lost.clear();
      parted = undefined;
      timers.clear("partition");
    },
  };
}
