/**
 * The state machine of one node in one room. Pure: time and chance are arguments, what it wants done comes out as effects,
 * in the order in which its host has to do it. This file only wires the parts; each part is a file of its own.
 */
import type { Identity } from "../crypto/identity.ts";
import { createRoom } from "../crypto/keyring.ts";
import { END, type Frame } from "../wire/frame.ts";
import type { BootId } from "../wire/ids.ts";
import { NICK_BYTES_MAX } from "../wire/message.ts";
import { encodeText } from "../wire/text.ts";
import type { Command, Core, Effect, JournalEntry } from "./api.ts";
import { createTransfer } from "./blobs/fetch.ts";
import { createOffers } from "./blobs/pendingSlices.ts";
import { createServing } from "./blobs/serve.ts";
import type { Config } from "./config.ts";
import type { Context, TimerRow } from "./context.ts";
import { createCounters } from "./counters.ts";
import { createDiscovery } from "./entry/discovery.ts";
import { createContact } from "./entry/knock.ts";
import { createReconnect } from "./entry/reconnect.ts";
import type { RememberedAddress } from "./entry/rememberedAddresses.ts";
import { createHomecoming } from "./entry/resume.ts";
import type { ChatEvent } from "./events.ts";
import { boundOfTime } from "./idset/range.ts";
import { bounds } from "./limits.ts";
import { createLink } from "./link/link.ts";
import { createIntroductions, INTRODUCTIONS_MAX } from "./liveness/holePunching.ts";
import { createSplit } from "./liveness/partition.ts";
import { createProbe } from "./liveness/probe.ts";
import { createWays, VOUCHED_MAX } from "./liveness/reachability.ts";
import { createPace } from "./log/backpressure.ts";
import { createSpeech } from "./log/intake.ts";
import { createHistory } from "./log/log.ts";
import { createArrival } from "./log/newcomer.ts";
import { createWants } from "./log/wants.ts";
import { createSkew } from "./membership/clockSkew.ts";
import { createMembership } from "./membership/membership.ts";
import type { Roster } from "./membership/roster.ts";
import { createRumours } from "./membership/rumours.ts";
import { createInbound, type Parts } from "./onDatagram.ts";
import { createDue } from "./onTimer.ts";
import { createRelay } from "./relay/relay.ts";
import { type Rng, sample } from "./rng.ts";
import { createReconciliation } from "./sync/reconciliation.ts";
import { createReplicas } from "./sync/replicas.ts";
import type { Millis, Now } from "./time.ts";
import { createTimers } from "./timers.ts";

export type CoreOptions = {
  readonly identity: Identity;
  readonly room: { readonly key: Uint8Array };
  /** Checked by the caller: 1..64 bytes of UTF-8. */
  readonly nick: string;
  readonly boot: BootId;
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
  const room = createRoom(options.room.key);
  const timers = createTimers<TimerRow>();
  const counters = createCounters();
  const link = createLink({ room, boot: options.boot, timers, counters });
  /** BOUNDED: what one step emits and persists; emptied at its end. */
  let events: ChatEvent[] = [];
  let entries: JournalEntry[] = [];
  const emit = (event: ChatEvent): void => {
    events.push(event);
    split.observe(event);
  };
  const persist = (entry: JournalEntry): void => {
    entries.push(entry);
  };
  const context: Context = { identity, room, rng, timers, counters, link, config: options.config, now, emit, persist };

  const rumours = createRumours();
  const history = createHistory(identity.id, options.config.maxMessages);
  const membership = createMembership(context, rumours, options.nick, (peer) => probe.cameIn(peer), options.acquainted);
  const arrival = createArrival(context, membership, history);
  const wants = createWants(context);
  const split = createSplit(context, membership, () => probe.callRoll());
  const speech = createSpeech(context, history, arrival, wants, ({ author, hlc }, from, live) => {
    homecoming.heard(author, hlc, from);
    if (live) return;
    arrival.progress();
    split.fetched(author);
  });
  const replicas = createReplicas(context, history, wants, membership);
  const reconciliation = createReconciliation(context, replicas, {
    horizon: history.horizon,
    inSync: (set, from) => {
      if (set !== "log") return;
      arrival.inSync(from, speech.deliver);
      homecoming.inSync(from);
      if (from.peer === undefined) return;
      relay.onEqualLogs(from.peer);
      split.inSync(from.peer);
    },
    others: (count) => sample(rng, membership.present().filter(ways.isReachable), count).map(membership.session),
  });
  const digest = (): Frame => reconciliation.digest();
  const ways = createWays(context, membership);
  const probe = createProbe(context, membership, rumours, ways, digest);
  const introductions = createIntroductions(context, membership);
  const contact = createContact(context, membership, digest);
  const reconnect = createReconnect(context, membership, contact, options.remembered ?? []);
  const port = options.discovery?.port;
  const discovery = port === undefined ? undefined : createDiscovery(context, { membership, contact, arrival, port });
  const homecoming = createHomecoming(context, membership, history, probe, reconnect, (hlc) => {
    const { ids } = replicas.log;
    return ids.size() - ids.rank(boundOfTime(hlc));
  });
  const relay = createRelay(context, membership, history, ways);
  const skew = createSkew(context, history.latest);
  const serving = createServing(context, (id) => history.get(id)?.message.bytes);
  const offers = createOffers();
  const transfer = createTransfer(context, {
    isKnown: history.isKnown,
    whole: (bytes, from, live) => {
      counters.count("payloadsIn");
      const id = speech.receive(bytes, from, live);
      if (id === undefined || id === "ahead") return undefined;
      relay.onArrived(id);
      for (const { from: giver, slice } of offers.take(id)) relay.onSighting(giver, id, slice, "id");
      return id;
    },
  });
  const parts: Parts = {
    context,
    membership,
    probe,
    introductions,
    contact,
    reconnect,
    discovery,
    homecoming,
    relay,
    reconciliation,
    speech,
    arrival,
    wants,
    transfer,
    offers,
    serving,
    skew,
  };
  const inbound = createInbound(parts);
  const fire = createDue(parts, inbound, split);
  const isSeeking = (): boolean =>
    timers.has("start") && (reconnect.isSeeking() || discovery !== undefined) && membership.presentCount() === 0;
  const pace = createPace(context, membership, () => contact.isExpecting() || isSeeking());
  let inRoom = true;

  for (const bytes of options.kept ?? []) speech.restore(bytes);
  speech.deliverRestored();
  probe.start();
  reconnect.start();
  discovery?.start();
  // Whoever answers first, a remembered address or someone it told, what comes then is history.
  if (reconnect.isSeeking()) arrival.begin();
  const lookAroundMs = reconnect.isSeeking() ? SEEK_MS : discovery === undefined ? LOOK_AROUND_MS : DISCOVER_MS;
  timers.set("start", now.mono + lookAroundMs, { type: "start" });
  timers.set("cleanup", now.mono + options.config.cleanupIntervalMs, { type: "cleanup" });

  return {
    handle: (input, at, holdBack = false) => {
      setTime(at);
      if (input.type === "datagram" && inRoom) inbound.datagram(input.bytes, input.from);
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
      history.ids
        .slice("", END, limit, true)
        .map(history.view)
        .filter((message) => message !== undefined),
    stats: () => ({
      ...counters.totals(),
      peers: membership.presentCount(),
      messages: history.ids.size(),
      relayedPerMessageMax: relay.relayedMax(),
      clockAheadMs: skew.aheadMs(),
    }),
    logState: () => ({ fingerprint: replicas.log.ids.summary("", END).fingerprint, held: history.heldCount() }),
    isHere: membership.isHere,
    isSeeking,
    isBusy: pace.isBusy,
    tables: () => ({
      sessions: { size: link.sessions.size(), bound: bounds.sessions },
      // A datagram that makes room for another stays until the next step.
      unacknowledged: { size: link.unacknowledged(), bound: bounds.unacknowledged + 64 },
      members: { size: membership.size(), bound: bounds.members },
      hearsay: { size: membership.hearsaySize(), bound: bounds.hearsay },
      relays: { size: relay.size(), bound: bounds.relays },
      transfers: { size: transfer.size(), bound: bounds.transfers },
      offers: { size: offers.size(), bound: bounds.transfers },
      strangers: { size: discovery?.size() ?? 0, bound: bounds.strangers },
      wanted: { size: wants.size(), bound: bounds.wanted },
      introductions: { size: introductions.size(), bound: INTRODUCTIONS_MAX },
      vouched: { size: ways.size(), bound: VOUCHED_MAX },
      remembered: { size: reconnect.size(), bound: bounds.remembered },
      messages: { size: history.ids.size(), bound: context.config.maxMessages },
    }),
  };

  /** Where the host's clock is wrong, the time of the room counts. */
  function setTime(host: Now): void {
    context.now = { mono: host.mono, wall: skew.roomTime(host) };
  }

  function command(asked: Command): void {
    switch (asked.type) {
      case "say": {
        if (!inRoom) return emit({ type: "error", error: { code: "not-in-room" } });
        if (!pace.take()) return;
        const id = speech.say(asked.text, asked.kind, membership.own().content.nick);
        if (id !== undefined) relay.publish(id);
        return;
      }
      case "join":
        if (!inRoom) enter();
        // Whoever answers first, the contact or someone it told, what comes then is history.
        if (membership.presentCount() === 0) arrival.begin();
        return contact.join(asked.endpoints);
      case "leave":
        return leave();
      case "rename":
        return rename(asked.nick);
      case "configure": {
        const { fanout = context.config.fanout, seenLimit = context.config.seenLimit } = asked;
        const { maxMessages = context.config.maxMessages } = asked;
        context.config = { ...context.config, fanout, seenLimit, maxMessages };
        const below = history.setMax(maxMessages);
        if (below !== undefined) persist({ type: "trim", below });
        return;
      }
      case "resumed":
        if (!inRoom) return;
        homecoming.resumed(asked.goneMs);
        return lookAround();
      case "network":
        if (!inRoom) return membership.network(asked.endpoints);
        if (homecoming.network(asked.endpoints)) lookAround();
    }
  }

  /** Of this step, and what was held back before it. */
  function effects(holdBack: boolean): Effect[] {
    const sent = holdBack ? [] : [...link.flush(context.now.mono), ...(discovery?.flush() ?? [])];
    pace.check();
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
    if (homecoming.isActive()) split.reset();
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
    homecoming.stop();
    membership.forgetAll();
    split.reset();
    probe.stop();
    introductions.stop();
    contact.stop();
    discovery?.stop();
    transfer.stop();
    reconciliation.stop();
    emit({ type: "notice", notice: { code: "left-room" } });
  }

  function fireDue(mono: Millis): void {
    for (let row = timers.takeDue(mono); row !== undefined; row = timers.takeDue(mono)) fire(row);
  }
}
