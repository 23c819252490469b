/**
 * The state machine of one node in one room. Pure: time and chance are arguments, what it wants done comes out as effects,
 * in the order in which its host has to do it. This file only wires the parts; each part is a file of its own.
 */

import type { Identity } from "../crypto/identity.ts";
import { createRoomKeys, type RoomSecret } from "../crypto/roomKeys.ts";
import { NICK_BYTES_MAX } from "../wire/bodies/text.ts";
import type { Endpoint } from "../wire/endpoint.ts";
import { noExtensions } from "../wire/extensions.ts";
import { END, type Frame } from "../wire/frames.ts";
import type { BootId } from "../wire/ids.ts";
import { programExtensions } from "../wire/statement.ts";
import { encodeText } from "../wire/text.ts";
import type { Command, Core, Effect, JournalEntry } from "./api.ts";
import { createBlobFetch } from "./blobs/fetch.ts";
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
import type { ChatEvent } from "./events.ts";
import { boundOfTime } from "./idset/range.ts";
import { limits } from "./limits.ts";
import { createLink } from "./link/link.ts";
import { createHolePunching, HOLE_PUNCHES_MAX } from "./liveness/holePunching.ts";
import { createPartition } from "./liveness/partition.ts";
import { createProbe } from "./liveness/probe.ts";
import { createReachability, VOUCHED_MAX } from "./liveness/reachability.ts";
import { createBackpressure } from "./log/backpressure.ts";
import { createIntake } from "./log/intake.ts";
import { createLog } from "./log/log.ts";
import { createNewcomer } from "./log/newcomer.ts";
import { createWants } from "./log/wants.ts";
import { createClockSkew } from "./membership/clockSkew.ts";
import { createMembership } from "./membership/membership.ts";
import type { Member, Roster } from "./membership/roster.ts";
import { createRumours } from "./membership/rumours.ts";
import { type Components, createOnDatagram } from "./onDatagram.ts";
import { createOnTimer } from "./onTimer.ts";
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
  readonly boot: BootId;
  /** The version of the program, which others are told. */
  readonly program?: string;
  readonly config: Config;
  readonly rng: Rng;
  readonly now: Now;
  /** What the journal kept, in the order of ids: messages as they were persisted. */
  readonly kept?: Iterable<Uint8Array>;
  /** Where peers were reached before, as it was persisted. */
  readonly remembered?: Iterable<RememberedAddress>;
  /** Look for others on the LAN; `port`: where this node takes datagrams. Left out: no beacon is sent or heard. */
  readonly discovery?: { readonly port: number } | undefined;
  /** Who is known to be here from the start, this node possibly among them; it is not changed. */
  readonly acquainted?: Roster;
};

/** Peers that a leaving node tells itself; they tell the others. */
const FAREWELLS = 20;

/** A face has this long to say whom to join before the node says that it is alone. */
const LOOK_AROUND_MS = 300;
/** And somebody at a remembered address so long to answer. */
const SEEK_MS = 2_000;
/** And others on the LAN so long to answer its first beacons. */
const DISCOVER_MS = 1_000;

export function createCore(options: CoreOptions): Core {
  const { identity, rng, now } = options;
  const roomKeys = createRoomKeys(options.room);
  const timers = createTimers<TimerRow>();
  const counters = createCounters();
  const onOtherVersion = (from: Endpoint, wire: number): void => otherVersions.heard(from, wire);
  const link = createLink({ roomKeys, boot: options.boot, timers, counters, onOtherVersion });
  /** BOUNDED: what one step emits and persists; emptied at its end. */
  let events: ChatEvent[] = [];
  let entries: JournalEntry[] = [];
  const emit = (event: ChatEvent): void => {
    events.push(event);
    partition.observe(event);
  };
  const persist = (entry: JournalEntry): void => {
    entries.push(entry);
  };
  const context: Context = {
    identity,
    roomKeys,
    extensions: options.program === undefined ? noExtensions : programExtensions(options.program),
    rng,
    timers,
    counters,
    link,
    config: options.config,
    now,
    emit,
    persist,
  };

  const rumours = createRumours();
  const log = createLog(identity.id, options.config.maxMessages);
  const membership = createMembership(context, rumours, options.nick, (peer) => probe.cameIn(peer), options.acquainted);
  const newcomer = createNewcomer(context, membership, log);
  const wants = createWants(context);
  const partition = createPartition(context, membership, () => probe.callRoll());
  const intake = createIntake(context, log, newcomer, wants, ({ author, hlc }, from, live) => {
    resume.heard(author, hlc, from);
    if (live) return;
    newcomer.progress();
    partition.fetched(author);
  });
  const replicas = createReplicas(context, log, wants, membership);
  const reconciliation = createReconciliation(context, replicas, {
    horizon: log.horizon,
    inSync: (set, from) => {
      if (set !== "log") return;
      newcomer.inSync(from, intake.deliver);
      resume.inSync(from);
      if (from.peer === undefined) return;
      relay.onEqualLogs(from.peer);
      partition.inSync(from.peer);
    },
    others: (count) =>
      sample(rng, membership.present().filter(reachability.isReachable), count).map(membership.session),
  });
  const digest = (): Frame => reconciliation.digest();
  const reachability = createReachability(context, membership);
  const probe = createProbe(context, membership, rumours, reachability, digest);
  const holePunching = createHolePunching(context, membership);
  const knocks = createKnocks(context, membership, digest);
  const reconnect = createReconnect(context, membership, knocks, options.remembered ?? []);
  const port = options.discovery?.port;
  const discovery =
    port === undefined ? undefined : createDiscovery(context, { membership, knocks, newcomer, port, onOtherVersion });
  const otherVersions = createOtherVersions(context, (endpoint) => {
    const isListed = (member: Member): boolean => member.statement.content.endpoints.includes(endpoint);
    return knocks.isAwaited(endpoint) || reconnect.isRemembered(endpoint) || membership.all().some(isListed);
  });
  const resume = createResume(context, membership, log, probe, reconnect, (hlc) => {
    const { ids } = replicas.log;
    return ids.size() - ids.rank(boundOfTime(hlc));
  });
  const relay = createRelay(context, membership, log, reachability);
  const clockSkew = createClockSkew(context, log.latest);
  const blobServer = createBlobServer(context, (id) => log.get(id)?.message.bytes);
  const pendingSlices = createPendingSlices();
  const blobFetch = createBlobFetch(context, {
    isKnown: log.isKnown,
    whole: (bytes, from, live) => {
      counters.count("payloadsIn");
      const id = intake.receive(bytes, from, live);
      if (id === undefined || id === "ahead") return undefined;
      relay.onArrived(id);
      for (const { from: giver, slice } of pendingSlices.take(id)) relay.onSighting(giver, id, slice, "id");
      return id;
    },
  });
  const components: Components = {
    context,
    membership,
    probe,
    holePunching,
    knocks,
    reconnect,
    discovery,
    resume,
    relay,
    reconciliation,
    intake,
    newcomer,
    wants,
    blobFetch,
    pendingSlices,
    blobServer,
    clockSkew,
  };
  const onDatagram = createOnDatagram(components);
  const fire = createOnTimer(components, onDatagram, partition);
  const isSeeking = (): boolean =>
    timers.has("start") && (reconnect.isSeeking() || discovery !== undefined) && membership.presentCount() === 0;
  const backpressure = createBackpressure(context, membership, () => knocks.isExpecting() || isSeeking());
  let inRoom = true;

  for (const bytes of options.kept ?? []) intake.restore(bytes);
  intake.deliverRestored();
  probe.start();
  reconnect.start();
  discovery?.start();
  // Whoever answers first, a remembered address or someone it told, what comes then is history.
  if (reconnect.isSeeking()) newcomer.begin();
  const lookAroundMs = reconnect.isSeeking() ? SEEK_MS : discovery === undefined ? LOOK_AROUND_MS : DISCOVER_MS;
  timers.set("start", now.mono + lookAroundMs, { type: "start" });
  timers.set("cleanup", now.mono + options.config.cleanupIntervalMs, { type: "cleanup" });

  return {
    handle: (input, at, holdBack = false) => {
      setTime(at);
      if (input.type === "datagram" && inRoom) onDatagram.receive(input.bytes, input.from);
      else if (input.type === "beacon" && inRoom) discovery?.heard(input.bytes, input.from);
      else if (input.type === "datagram" || input.type === "beacon") counters.drop("not-in-room");
      else if (input.type === "command") command(input.command);
      // Not with what was received: others that have come already may answer what is due. The alarm rings right after them.
      if (input.type === "timer" || input.type === "command") fireDue(at.mono);
      probe.gossipSoon();
      return effects(holdBack);
    },
    flush: (at) => {
      setTime(at);
      return effects(false);
    },
    nextDeadline: timers.nextDeadline,
    self: membership.selfView,
    peers: (at) => {
      setTime(at);
      return [...membership.all()]
        .map(membership.view)
        .sort((a, b) => (a.nick < b.nick ? -1 : a.nick > b.nick ? 1 : a.id < b.id ? -1 : 1));
    },
    log: (limit = Number.MAX_SAFE_INTEGER) =>
      log.ids
        .slice("", END, limit, true)
        .map(log.view)
        .filter((message) => message !== undefined),
    stats: () => ({
      ...counters.totals(),
      peers: membership.presentCount(),
      messages: log.ids.size(),
      relayedPerMessageMax: relay.relayedMax(),
      clockAheadMs: clockSkew.aheadMs(),
    }),
    logState: () => ({ fingerprint: replicas.log.ids.summary("", END).fingerprint, held: log.heldCount() }),
    isHere: membership.isHere,
    isSeeking,
    isBusy: backpressure.isBusy,
    tables: () => ({
      sessions: { size: link.sessions.size(), bound: limits.sessions },
      // A datagram that makes room for another stays until the next step.
      unacknowledged: { size: link.unacknowledged(), bound: limits.unacknowledged + 64 },
      members: { size: membership.size(), bound: limits.members },
      candidates: { size: membership.candidatesSize(), bound: limits.candidates },
      relays: { size: relay.size(), bound: limits.relays },
      transfers: { size: blobFetch.size(), bound: limits.transfers },
      pendingSlices: { size: pendingSlices.size(), bound: limits.transfers },
      beaconSenders: { size: discovery?.size() ?? 0, bound: limits.beaconSenders },
      wanted: { size: wants.size(), bound: limits.wanted },
      holePunches: { size: holePunching.size(), bound: HOLE_PUNCHES_MAX },
      vouched: { size: reachability.size(), bound: VOUCHED_MAX },
      remembered: { size: reconnect.size(), bound: limits.remembered },
      messages: { size: log.ids.size(), bound: context.config.maxMessages },
    }),
  };

  /** Where the host's clock is wrong, the time of the room counts. */
  function setTime(host: Now): void {
    context.now = { mono: host.mono, wall: clockSkew.roomTime(host) };
  }

  function command(asked: Command): void {
    switch (asked.type) {
      case "say": {
        if (!inRoom) return emit({ type: "error", error: { code: "not-in-room" } });
        if (!backpressure.take()) return;
        const id = intake.say(asked.text, asked.kind, membership.own().content.nick);
        if (id !== undefined) relay.publish(id);
        return;
      }
      case "publish": {
        if (!inRoom) return emit({ type: "error", error: { code: "not-in-room" } });
        if (!backpressure.take()) return;
        const id = intake.publish(asked.kind, asked.body, asked.target);
        if (id !== undefined) relay.publish(id);
        return;
      }
      case "join":
        if (!inRoom) enter();
        // Whoever answers first, the contact or someone it told, what comes then is history.
        if (membership.presentCount() === 0) newcomer.begin();
        return knocks.join(asked.endpoints);
      case "leave":
        return leave();
      case "rename":
        return rename(asked.nick);
      case "configure": {
        const { fanout = context.config.fanout, seenLimit = context.config.seenLimit } = asked;
        const { maxMessages = context.config.maxMessages } = asked;
        context.config = { ...context.config, fanout, seenLimit, maxMessages };
        const below = log.setMax(maxMessages);
        if (below !== undefined) persist({ type: "trim", below });
        return;
      }
      case "resumed":
        if (!inRoom) return;
        resume.resumed(asked.goneMs);
        return lookAround();
      case "network":
        if (!inRoom) return membership.network(asked.endpoints);
        if (resume.network(asked.endpoints)) lookAround();
    }
  }

  /** Of this step, and what was held back before it. */
  function effects(holdBack: boolean): Effect[] {
    const sent = holdBack ? [] : [...link.flush(context.now.mono), ...(discovery?.flush() ?? [])];
    backpressure.check();
    const all: Effect[] = [
      ...entries.map((entry) => ({ type: "persist", entry }) as const),
      ...sent,
      ...events.map((event) => ({ type: "emit", event }) as const),
    ];
    entries = [];
    events = [];
    return all;
  }

  function lookAround(): void {
    // Whom this node did not hear through its own fault did not split from it.
    if (resume.isActive()) partition.reset();
    discovery?.start();
  }

  function rename(nick: string): void {
    const bytes = encodeText(nick).length;
    if (bytes === 0 || bytes > NICK_BYTES_MAX) {
      return emit({ type: "error", error: { code: "bad-nick", nick, limit: NICK_BYTES_MAX } });
    }
    membership.rename(nick);
  }

  function enter(): void {
    inRoom = true;
    membership.setPresent(true);
    probe.start();
    reconnect.start();
    discovery?.start();
  }

  function leave(): void {
    if (!inRoom) return emit({ type: "error", error: { code: "not-in-room" } });
    inRoom = false;
    membership.setPresent(false);
    const farewell = { type: "statement", bytes: membership.own().bytes } as const;
    for (const member of sample(rng, membership.present(), FAREWELLS)) link.send(membership.session(member), farewell);
    reconnect.leave();
    resume.stop();
    membership.forgetAll();
    partition.reset();
    probe.stop();
    holePunching.stop();
    knocks.stop();
    discovery?.stop();
    blobFetch.stop();
    reconciliation.stop();
    emit({ type: "notice", notice: { code: "left-room" } });
  }

  function fireDue(mono: Millis): void {
    for (let row = timers.takeDue(mono); row !== undefined; row = timers.takeDue(mono)) fire(row);
  }
}
