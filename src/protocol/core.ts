/**
 * The state machine of one node in one room. It is pure: time and chance are arguments, and everything it wants done is an
 * effect, in the order in which the host performs them. This file makes the rooms of `protocol`, and passes inputs and
 * facts between them.
 */
import type { Identity } from "../crypto/identity.ts";
import type { ProcessStart } from "../crypto/linkKeys.ts";
import { createRoomKeys, type RoomSecret } from "../crypto/roomKeys.ts";
import type { Endpoint } from "../wire/endpoint.ts";
import { noExtensions } from "../wire/extensions.ts";
import { END } from "../wire/frames.ts";
import { programExtensions, type StatementContent } from "../wire/statement.ts";
import type { Core, Effect, Input } from "./api.ts";
import { type BlobFetchOptions, createBlobFetch } from "./blobs/fetch.ts";
import { createPendingSlices } from "./blobs/pendingSlices.ts";
import { createBlobServer } from "./blobs/serve.ts";
import type { Config } from "./config.ts";
import type { Context, TimerRow } from "./context.ts";
import { createCounters } from "./counters.ts";
import { createDiscovery } from "./entry/discovery.ts";
import { createKnocks } from "./entry/knock.ts";
import { createOtherVersions } from "./entry/otherVersions.ts";
import { createReconnect } from "./entry/reconnect.ts";
import type { RememberedAddress } from "./entry/rememberedAddresses.ts";
import { createResume } from "./entry/resume.ts";
import { limits } from "./limits.ts";
import { createLink } from "./link/link.ts";
import type { LinkOptions } from "./link/types.ts";
import { createHolePunching, HOLE_PUNCHES_MAX } from "./liveness/holePunching.ts";
import { createPartition } from "./liveness/partition.ts";
import { type Comparing, createProbe } from "./liveness/probe.ts";
import { createReachability, VOUCHED_MAX } from "./liveness/reachability.ts";
import { createBackpressure } from "./log/backpressure.ts";
import { largeMost } from "./log/classes.ts";
import { createIntake } from "./log/intake.ts";
import { isKnown, latestTime } from "./log/log.ts";
import { messagesOf } from "./log/messageIndex.ts";
import { createNewcomer } from "./log/newcomer.ts";
import { createReads, takeRead } from "./log/reads.ts";
import { createRestored, type Restored } from "./log/restored.ts";
import { spanOf } from "./log/span.ts";
import { VIEWS_MAX } from "./log/views.ts";
import { createWants } from "./log/wants.ts";
import { createWrites, forget, isFull, noteErasure, takeBatch, type Writes } from "./log/writes.ts";
import { createClockSkew } from "./membership/clockSkew.ts";
import { createMembership, type Membership } from "./membership/membership.ts";
import type { Roster } from "./membership/roster.ts";
import { createRumours } from "./membership/rumours.ts";
import { createOnCommand } from "./onCommand.ts";
import { type Components, createOnDatagram } from "./onDatagram.ts";
import { createOnStore } from "./onStore.ts";
import { createOnTimer } from "./onTimer.ts";
import { createOutbox, type Outbox, takeLetGo, takeMarks, unfollow, waitingCount } from "./relay/outbox.ts";
import { createRelay } from "./relay/relay.ts";
import { type Rng, sample } from "./rng.ts";
import { createReconciliation } from "./sync/reconciliation.ts";
import { createReplicas } from "./sync/replicas.ts";
import type { Millis, Now } from "./time.ts";
import { createTimers } from "./timers.ts";

export type CoreOptions = {
  readonly identity: Identity;
  readonly room: RoomSecret;
  /** Checked by the caller: 1..64 bytes of UTF-8. */
  readonly nick: string;
  /** Its secret half is kept nowhere else. */
  readonly start: ProcessStart;
  /** The version of the program, which others are told. */
  readonly program?: string;
  readonly config: Config;
  readonly rng: Rng;
  readonly now: Now;
  /** What the store confirms outlives the process; left out: it does not, and nothing waits for the store. */
  readonly isDurable?: boolean;
  /** Bytes of bodies that are kept in memory, the recent ones; left out: `limits.recentBytes`. */
  readonly recentBytes?: number | undefined;
  /** What the store kept of earlier starts. The core owns it from now on; left out: nothing. */
  readonly restored?: Restored;
  /** Where peers were reached before, as it was remembered. */
  readonly remembered?: Iterable<RememberedAddress>;
  /** Look for others on the LAN; `port`: where this node takes datagrams. Left out: no beacon is sent or heard. */
  readonly discovery?: { readonly port: number } | undefined;
  /** The members that are known from the start, this node possibly among them. The core owns it from now on; left out: none. */
  readonly roster?: Roster;
};

/** A face has this long to say whom to join before the node says that it is alone. */
const LOOK_AROUND_MS = 300;
/** And somebody at a remembered address so long to answer. */
const SEEK_MS = 2_000;
/** And others on the LAN so long to answer its first beacons. */
const DISCOVER_MS = 1_000;
/** Later than that no alarm rings, unless the process stood still. */
const STILL_MS = 1_000;

/** What one step asks of the host. BOUNDED: by what one input can cause; emptied at its end. */
type Step = {
  readonly erases: Effect[];
  readonly trims: Effect[];
  readonly remembers: Effect[];
  readonly emits: Effect[];
  readonly answers: Effect[];
};

export function createCore(options: CoreOptions): Core {
  const { now } = options;
  const step: Step = { erases: [], trims: [], remembers: [], emits: [], answers: [] };
  const rooms = createRooms(options, step);
  const { context, membership, log, writes, reads, discovery, reconnect, probe, replicas, newcomer } = rooms;
  const { timers, counters, link } = context;
  const isSeeking = (): boolean =>
    timers.has("start") && (reconnect.isSeeking() || discovery !== undefined) && membership.presentCount() === 0;
  const backpressure = createBackpressure(context, membership, writes, () => rooms.knocks.isExpecting() || isSeeking());
  const onTimer = createOnTimer(rooms, rooms.partition);
  const onCommand = createOnCommand(rooms, rooms.partition, backpressure);
  const onStore = createOnStore(rooms);

  probe.start();
  reconnect.start();
  discovery?.start();
  // Whoever answers first, a remembered address or someone it told, what comes then is history.
  if (reconnect.isSeeking()) newcomer.begin();
  const lookAroundMs = reconnect.isSeeking() ? SEEK_MS : discovery === undefined ? LOOK_AROUND_MS : DISCOVER_MS;
  timers.set("start", now.mono + lookAroundMs, { type: "start" });
  timers.set("cleanup", now.mono + options.config.cleanupIntervalMs, { type: "cleanup" });

  /** Where the host's clock is wrong, the time of the room counts. */
  const setTime = (host: Now): void => {
    context.now = { mono: host.mono, wall: rooms.clockSkew.roomTime(host) };
  };
  let steppedAt = now.mono;
  /** What would have come meanwhile has still to be read. */
  const noteStandstill = (at: Millis): void => {
    const stillMs = at - Math.max(timers.nextDeadline() ?? at, steppedAt);
    if (stillMs >= STILL_MS) log.order.postpone(stillMs);
    steppedAt = at;
  };
  const take = (input: Input): void => {
    switch (input.type) {
      case "datagram":
        return onCommand.isInRoom() ? rooms.onDatagram.receive(input.bytes, input.from) : counters.drop("not-in-room");
      case "beacon":
        return onCommand.isInRoom() ? discovery?.heard(input.bytes, input.from) : counters.drop("not-in-room");
      case "written":
        return onStore.written(input.ticket, input.trouble);
      case "read":
        return onStore.read(input.ticket, input.bodies, input.trouble);
      case "erased":
        return onStore.erased(input.ids, input.trouble);
      case "lost":
        return onStore.lost(input.ids);
      case "command":
        step.answers.push({ type: "answer", ref: input.ref, outcome: onCommand.run(input.command) });
    }
  };
  /** Of this step, and what was held back before it. */
  const effects = (holdBack: boolean): Effect[] => {
    const batch = takeBatch(writes);
    // Where nothing outlives the process anyway, what is in memory is all there is to claim.
    if (!writes.isDurable) for (const { id } of batch?.messages ?? []) rooms.relay.onStored(id);
    const sent = holdBack ? [] : [...link.flush(context.now.mono), ...(discovery?.flush() ?? [])];
    backpressure.check();
    const all: Effect[] = [];
    const marks = takeMarks(rooms.outbox, batch?.own ?? []);
    if (marks.length > 0) all.push({ type: "mark", marks });
    if (batch !== undefined) {
      const { ticket, messages, own, isAwaited } = batch;
      const isOwn = own.length > 0 || isAwaited;
      all.push({ type: "append", ticket: writes.isDurable ? ticket : undefined, messages, isOwn });
    }
    all.push(...step.erases, ...step.trims, ...step.remembers);
    const read = takeRead(reads);
    if (read !== undefined) all.push({ type: "read", ...read });
    all.push(...sent, ...step.emits, ...step.answers);
    for (const part of Object.values(step)) part.length = 0;
    return all;
  };

  return {
    handle: (input, at, holdBack = false) => {
      setTime(at);
      noteStandstill(at.mono);
      take(input);
      // Not with what was received: others that have come already may answer what is due. The alarm rings right after them.
      if (input.type === "timer" || input.type === "command")
        for (let row = timers.takeDue(at.mono); row !== undefined; row = timers.takeDue(at.mono)) onTimer(row);
      probe.gossipSoon();
      return effects(holdBack);
    },
    flush: (at) => {
      setTime(at);
      return effects(false);
    },
    nextDeadline: timers.nextDeadline,
    boot: () => link.boot,
    self: membership.selfView,
    peers: (at) => {
      setTime(at);
      return [...membership.all()]
        .map(membership.view)
        .sort((a, b) => (a.nick < b.nick ? -1 : a.nick > b.nick ? 1 : a.id < b.id ? -1 : 1));
    },
    ids: () => log.index.ids.slice("", END, log.index.ids.size()),
    ofKinds: (kinds) => messagesOf(log.index, kinds),
    stats: () => ({
      ...counters.totals(),
      peers: membership.presentCount(),
      messages: log.index.ids.size(),
      relayedPerMessageMax: rooms.relay.relayedMax(),
      clockAheadMs: rooms.clockSkew.aheadMs(),
    }),
    undelivered: () => waitingCount(rooms.outbox),
    logState: () => ({ fingerprint: replicas.log.ids.summary("", END).fingerprint, held: log.order.heldCount() }),
    span: () => spanOf(log),
    isHere: membership.isHere,
    isInRoom: onCommand.isInRoom,
    isSeeking,
    isBusy: backpressure.isBusy,
    unstored: () => writes.unwritten.size + writes.refused.size,
    knowsBoot: (boot) => context.link.sessions.get(boot) !== undefined || membership.byBoot(boot) !== undefined,
    tables: () => tablesOf(rooms),
  };
}

// --- internal ---

type Rooms = ReturnType<typeof createRooms>;

/** What all rooms share: time and chance, the room's keys, the way out, and what a step collects. */
function createContext(
  options: CoreOptions,
  step: Step,
  writes: Writes,
  outbox: Outbox,
  heard: Pick<LinkOptions, "statement" | "isOutdated" | "linkKeyOf" | "onOtherVersion" | "settled">,
): Context {
  const { identity, rng, now, config } = options;
  const roomKeys = createRoomKeys(options.room);
  const timers = createTimers<TimerRow>();
  const counters = createCounters();
  return {
    identity,
    roomKeys,
    extensions: options.program === undefined ? noExtensions : programExtensions(options.program),
    rng,
    timers,
    counters,
    link: createLink({ roomKeys, start: options.start, rng, timers, counters, ...heard }),
    config,
    now,
    emit: (event) => step.emits.push({ type: "emit", event }),
    trim: (ids) => {
      for (const id of ids) {
        forget(writes, id);
        writes.erasing.delete(id);
      }
      unfollow(outbox, ids);
      if (ids.length > 0) step.trims.push({ type: "trim", ids });
      const letGo = takeLetGo(outbox);
      if (letGo === undefined) return;
      step.emits.push({ type: "emit", event: { type: "notice", notice: { code: "let-go", ...letGo } } });
    },
    erase: (erasures) => {
      for (const erasure of erasures) noteErasure(writes, erasure);
      if (erasures.length > 0) step.erases.push({ type: "erase", erasures });
    },
    remember: (address) => step.remembers.push({ type: "remember", ...address }),
  };
}

/** Makes the rooms, lowest first, and says which fact goes where. */
function createRooms(options: CoreOptions, step: Step, restored: Restored = restoredOf(options)) {
  const [writes, reads] = [createWrites(options.isDurable === true), createReads()];
  const onOtherVersion = (from: Endpoint, wire: number): void => otherVersions.heard(from, wire);
  const { log } = restored;
  const outbox = createOutbox(restored.marks);
  const context = createContext(options, step, writes, outbox, {
    statement: () => membership.own().bytes,
    isOutdated: (content) => isOutdated(membership.own().content, content),
    linkKeyOf: (boot) => membership.byBoot(boot)?.statement.content.linkKey,
    onOtherVersion,
    settled: (ticket, fate) => onDatagram.settled(ticket, fate),
  });
  const rumours = createRumours();
  const membership = createMembership(
    context,
    rumours,
    options.nick,
    {
      cameIn: (peer) => probe.cameIn(peer),
      changed: (status, peer) => {
        context.emit({ type: "peer", status, peer });
        partition.changed(status, peer);
      },
      alone: (unreachable) => {
        context.emit({ type: "notice", notice: { code: "alone", unreachable } });
        partition.alone();
      },
    },
    options.roster,
  );
  const clockSkew = createClockSkew(context, () => latestTime(log));
  const newcomer = createNewcomer(context, membership, log);
  const wants = createWants(context);
  const intake = createIntake(context, {
    restored,
    writes,
    newcomer,
    wants,
    onKept: ({ id, size, author, hlc, isLive }, from) => {
      blobFetch.arrived(id, size);
      resume.heard(author, hlc, from);
      if (isLive) return;
      newcomer.progress();
      partition.fetched(author);
    },
  });
  const reachability = createReachability(context, membership);
  const comparing: Comparing = { digest: (to) => reconciliation.digest(to), check: (to) => reconciliation.check(to) };
  const probe = createProbe(context, membership, rumours, reachability, comparing);
  const holePunching = createHolePunching(context, membership);
  const partition = createPartition(context, membership, () => probe.callRoll());
  const replicas = createReplicas(context, {
    log,
    reads,
    writes,
    wants,
    membership,
    onMessage: (received, bytes) => onDatagram.message(received, bytes, false),
    onStatement: (received, bytes) => onDatagram.statement(received, bytes),
    onAnnounced: (from, id, bytes) => blobFetch.offered(from, id, bytes, false),
  });
  const reconciliation = createReconciliation(context, replicas, {
    isStored: () => writes.unwritten.size + writes.refused.size === 0,
    inSync: (set, from, ids, isStored) => {
      if (set !== "log") return;
      intake.showInOrder(newcomer.waitForNoneGone());
      newcomer.inSync(from, intake.showInOrder);
      resume.inSync(from);
      if (from.peer !== undefined && isStored) relay.onEqualLogs(from.peer, ids.has);
      if (from.peer !== undefined) partition.inSync(from.peer);
    },
    others: (count) =>
      sample(options.rng, membership.present().filter(reachability.isReachable), count).map(membership.session),
  });
  const relay = createRelay(context, membership, log, writes, reachability, outbox);
  const pendingSlices = createPendingSlices();
  const blobFetch = createBlobFetch(context, {
    isKnown: (id) => isKnown(log, id),
    whole: (bytes, from, isLive) => {
      context.counters.count("payloadsIn");
      return receiveWhole({ intake, writes, pendingSlices, relay }, bytes, from, isLive);
    },
  });
  const knocks = createKnocks(context, membership);
  const reconnect = createReconnect(context, membership, knocks, options.remembered ?? []);
  const discovery =
    options.discovery &&
    createDiscovery(context, { membership, knocks, newcomer, ...options.discovery, onOtherVersion });
  const otherVersions = createOtherVersions(
    context,
    (at) => knocks.isAwaited(at) || reconnect.isRemembered(at) || isListed(membership, at),
  );
  const resume = createResume(context, membership, log, probe, reconnect, reconciliation.lacking);
  const components: Components = {
    context,
    log,
    writes,
    reads,
    membership,
    probe,
    holePunching,
    knocks,
    reconnect,
    discovery,
    resume,
    relay,
    outbox,
    reconciliation,
    intake,
    newcomer,
    wants,
    blobFetch,
    pendingSlices,
    blobServer: createBlobServer(context, log, writes, reads),
    clockSkew,
  };
  const onDatagram = createOnDatagram(components);
  return { ...components, replicas, partition, reachability, onDatagram };
}

/** A large message is put together: the slices that came with its offers are covered now. */
function receiveWhole(
  { intake, writes, pendingSlices, relay }: Pick<Components, "intake" | "writes" | "pendingSlices" | "relay">,
  ...[bytes, from, isLive]: Parameters<BlobFetchOptions["whole"]>
): ReturnType<BlobFetchOptions["whole"]> {
  const id = intake.receive(bytes, from, isLive);
  if (id === "later") return isFull(writes) ? id : undefined;
  if (id === undefined || id === "forged") return undefined;
  for (const { from: giver, slice } of pendingSlices.take(id)) relay.onSighting(giver, id, slice, "id");
  return id;
}

/**
 * An earlier start of this node said so. Of others it is not known: one whose clock was set back since begins with a smaller
 * incarnation, and learns by the answer that it has to go above the last one.
 */
function isOutdated(own: StatementContent, { peer, boot, incarnation }: StatementContent): boolean {
  return own.peer === peer && own.boot !== boot && incarnation < own.incarnation;
}

/** A member signed that it is there. */
function isListed(membership: Membership, endpoint: Endpoint): boolean {
  return membership.all().some(({ statement }) => statement.content.endpoints.includes(endpoint));
}

function restoredOf({ restored, identity, config, now, recentBytes, rng }: CoreOptions): Restored {
  return restored ?? createRestored(identity.id, config.maxMessages, now.wall, recentBytes, rng.u32());
}

function tablesOf(rooms: Rooms): ReturnType<Core["tables"]> {
  const { context, membership, relay, blobFetch, pendingSlices, discovery, wants, log, writes, reads } = rooms;
  const { link } = context;
  return {
    sessions: { size: link.sessions.size(), bound: limits.sessions },
    // A datagram that makes room for another stays until the next step.
    unacknowledged: { size: link.unacknowledged(), bound: limits.unacknowledged + 64 },
    members: { size: membership.size(), bound: limits.members },
    candidates: { size: membership.candidatesSize(), bound: limits.candidates },
    relays: { size: relay.size(), bound: limits.relays },
    outbox: { size: rooms.outbox.sent.size, bound: limits.outbox },
    transfers: { size: blobFetch.size(), bound: limits.transfers },
    pendingSlices: { size: pendingSlices.size(), bound: limits.transfers },
    beaconSenders: { size: discovery?.size() ?? 0, bound: limits.beaconSenders },
    wanted: { size: wants.size(), bound: limits.wanted },
    listedWants: { size: wants.listed.size, bound: limits.wanted },
    holePunches: { size: rooms.holePunching.size(), bound: HOLE_PUNCHES_MAX },
    vouched: { size: rooms.reachability.size(), bound: VOUCHED_MAX },
    remembered: { size: rooms.reconnect.size(), bound: limits.remembered },
    messages: { size: log.classes.small.size, bound: log.max },
    largeMessages: { size: log.classes.large.size, bound: largeMost(log.max) },
    gone: { size: log.gone.latest.size, bound: limits.gone },
    views: { size: log.views.byLimits.size, bound: VIEWS_MAX },
    // What one step brings comes on top.
    unwritten: { size: writes.unwritten.size, bound: limits.unwritten + 64 },
    refused: { size: writes.refused.size, bound: limits.unwritten },
    erasing: { size: writes.erasing.size, bound: limits.unwritten },
    reads: { size: reads.errands, bound: limits.reads },
    recentBytes: { size: log.recent.bytes, bound: log.recent.bytesMax },
  };
}
