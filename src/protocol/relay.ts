/**
 * Relay: range-delegated gossip. Whoever covers a slice of a message's order cuts it into at most `fanout` parts and sends
 * the message with each part to the first peer of it (El-Ansary et al. 2003, broadcast by range delegation; the random order
 * per message is Turbine's). Each hop is acknowledged; a silent delegate's slice goes to another of the slice. What the
 * parts report adds up: the author learns how many have the message.
 */
import { type Frame, ORDERS_MAX, type Slice } from "../wire/frame.ts";
import { bounds } from "./config.ts";
import type { Context } from "./context.ts";
import { type Delegation, delegateOf, isSettled, newDelegation, receiptKey, sum, type Task } from "./delegation.ts";
import type { History } from "./history.ts";
import type { Membership } from "./membership.ts";
import { cut, hashOf, rankedWithin, WHOLE } from "./order.ts";
import { ID_ORDERS_FROM, ordersFor } from "./plans.ts";
import type { Member } from "./roster.ts";
import { isLarge } from "./serving.ts";
import type { PushTicket, Session } from "./sessions.ts";
import type { BootId, MessageId, Millis, PeerId } from "./types.ts";

export type Relay = {
  /** The author's first step: starts the message's orders. */
  readonly publish: (id: MessageId) => void;
  /**
   * A push arrived (its message is kept by now), or an advertisement: cover its slice in the same way, if this order is a
   * sighting to relay on.
   */
  readonly onSighting: (from: Session, id: MessageId, slice: Slice, carried: "body" | "id") => void;
  /** A message is here now that was only heard of before: who gave its slice is told. */
  readonly onArrived: (id: MessageId) => void;
  /** The peer's log equals this node's: it has every own message too, whatever receipts were lost. */
  readonly onEqualLogs: (peer: PeerId) => void;
  readonly onReceipt: (from: Session, receipt: Receipt) => void;
  readonly onAcknowledged: (ticket: PushTicket) => void;
  readonly onLost: (ticket: PushTicket) => void;
  /** The parts had time enough: report what is known. */
  readonly onDeadline: (id: MessageId, task: number) => void;
  /** The most peers any one message was sent on to, retries apart. */
  readonly relayedMax: () => number;
  readonly size: () => number;
};

export type Receipt = {
  readonly id: MessageId;
  readonly order: number;
  readonly reached: number;
  readonly of: number;
  readonly lacking: readonly string[];
};

/** Pushes of one part to one peer, before the slice goes to another of it. */
const TRIES_SAME = 2;
/** Peers of a slice that are tried as its delegate. */
const DELEGATES_MAX = 3;
/** Pushes of one part in all: then it is left to the other order and to reconciliation. */
const TRIES_MAX = 6;
/** How long a delegate waits for what its parts report, before it reports without. */
const RECEIPT_WAIT_MS: Millis = 1_500;
/** A large message has to be fetched first, hop by hop. */
const RECEIPT_WAIT_LARGE_MS: Millis = 15_000;
/** A delegate that fetches is heard of all the time. One that is silent for so long is offered its slice again. */
const SILENT_MS: Millis = 400;
const WATCH_MS: Millis = 200;

export function createRelay(context: Context, membership: Membership, history: History): Relay {
  const { link, timers, counters, emit } = context;
  /**
   * BOUNDED: `bounds.relays` messages of at most ORDERS_MAX slices; the oldest message goes first, it spreads by the other
   * order or by reconciliation.
   */
  const tasks = new Map<MessageId, Task[]>();
  /** BOUNDED: `bounds.relays`. Orders on which a message was seen, and the slices covered. */
  const sightings = new Map<MessageId, Slice[]>();
  /** BOUNDED: `bounds.relays`. The author's count of each own message. */
  const reach = new Map<MessageId, { reached: number; of: number; lacking: string }>();
  /** BOUNDED: `bounds.relays` messages of as many peers as spoke of them. Who has a message, by what it sent or acknowledged. */
  const holders = new Map<MessageId, Set<PeerId>>();
  const ownHash = hashOf(context.identity.id);
  let relayedMax = 0;

  const push = (task: Task, index: number): void => {
    const delegation = task.delegations[index] as Delegation;
    const peer = delegateOf(delegation);
    if (peer === undefined) return;
    delegation.state = "sent";
    delegation.tries += 1;
    const frame = frameFor(task, delegation);
    if (frame.type === "push") counters.count("payloadsOut");
    const carried = frame.type === "push" ? "body" : "id";
    link.send(membership.session(peer), frame, {
      ticket: { kind: "push", id: task.id, task: task.number, part: index, delegate: delegation.delegate, carried },
    });
  };
  const frameFor = (task: Task, delegation: Delegation): Frame => {
    const { id } = task;
    const { slice } = delegation.part;
    const bytes = history.get(id)?.message.bytes;
    if (bytes !== undefined && isLarge({ bytes })) return { type: "offer", slice, id, bytes: bytes.length };
    const message = carriesBody(task, delegation) ? bytes : undefined;
    return message ? { type: "push", slice, message } : { type: "advertise", slice, id };
  };
  /**
   * The body goes with the first push. When a push is repeated, and where a slice is covered late, most have the message by
   * another order: their id is enough, and whoever lacks it asks.
   */
  const carriesBody = (task: Task, delegation: Delegation): boolean =>
    !task.isLate && delegation.tries === 1 && task.order < ID_ORDERS_FROM && !isHolder(task.id, delegateOf(delegation));
  const isLargeId = (id: MessageId): boolean => isLarge(history.get(id)?.message ?? { bytes: new Uint8Array(0) });
  const isHolder = (id: MessageId, peer: Member | undefined): boolean =>
    peer !== undefined && (holders.get(id)?.has(peer.id) ?? false);
  const noteHolder = (id: MessageId, peer: PeerId | undefined): void => {
    if (peer !== undefined) remember(holders, id, (holders.get(id) ?? new Set()).add(peer));
  };

  const cover = (
    id: MessageId,
    slice: Slice,
    giver: BootId | undefined,
    how: { isRetry: boolean; isLate: boolean },
  ): void => {
    const giverPeer = giver === undefined ? undefined : link.sessions.get(giver)?.peer;
    const author = history.get(id)?.message.content.author;
    const ranked = rankedWithin(
      id,
      slice,
      membership.present(),
      (member) => member.id !== author && member.id !== giverPeer && membership.hasAddress(member),
    );
    const parts = cut(id, slice, ranked, context.config.fanout, ownHash);
    const delegations = parts.map((part) => newDelegation(part));
    const others = tasks.get(id) ?? [];
    const task: Task = {
      id,
      number: others.length,
      order: slice.order,
      giver,
      delegations,
      isLate: how.isLate,
      since: context.now.mono,
      reported: false,
    };
    remember(tasks, id, [...others, task]);
    counters.count(how.isRetry ? "retries" : "relayed", parts.length);
    if (!how.isRetry) relayedMax = Math.max(relayedMax, parts.length);
    for (let index = 0; index < parts.length; index += 1) push(task, index);
    if (parts.length === 0 && how.isLate) report(task);
    if (parts.length === 0) return;
    awaitReceipts(task, isLargeId(id) ? WATCH_MS : RECEIPT_WAIT_MS);
  };
  const awaitReceipts = ({ id, number }: Task, forMs: Millis): void =>
    timers.set(receiptKey(id, number), context.now.mono + forMs, { type: "receipt", id, task: number });
  /** Who took the slice of a large message may have died while it fetched: one loss more, and another peer of the slice has it. */
  const watch = (task: Task): void => {
    for (const [index, delegation] of task.delegations.entries()) {
      const peer = delegateOf(delegation);
      if (peer === undefined || delegation.state !== "acknowledged" || isSettled(delegation)) continue;
      const heardAt = membership.session(peer).heardAt ?? Number.NEGATIVE_INFINITY;
      if (context.now.mono - heardAt < SILENT_MS) continue;
      delegation.tries = TRIES_SAME - 1;
      push(task, index);
    }
    awaitReceipts(task, WATCH_MS);
  };

  const report = (task: Task): void => {
    // An id that arrived is not a message that arrived.
    if (task.order >= ID_ORDERS_FROM || !history.isKnown(task.id)) return;
    const settled = sum(task);
    if (task.giver === undefined) {
      tellAuthor(task.id, settled);
      return;
    }
    if (task.reported) return;
    task.reported = true;
    const giver = link.sessions.get(task.giver);
    const receipt = { type: "receipt", id: task.id, order: task.order, ...settled } as const;
    // A leaf that was sent the message says nothing: its acknowledgement is its receipt. That of a mere id is none.
    if (giver !== undefined && (task.delegations.length > 0 || task.isLate)) link.send(giver, receipt, { tries: 2 });
  };

  const tellAuthor = (id: MessageId, settled: { reached: number; of: number; lacking: readonly string[] }): void => {
    const before = reach.get(id) ?? { reached: 0, of: 0, lacking: "" };
    const lack = settled.lacking.join();
    // The author itself is not among those it reaches.
    const now = { reached: settled.reached - 1, of: settled.of - 1 };
    if (
      now.reached <= before.reached &&
      now.of <= before.of &&
      before.of > 0 &&
      (lack === "" || lack === before.lacking)
    )
      return;
    const best = { reached: Math.max(before.reached, now.reached), of: Math.max(before.of, now.of) };
    remember(reach, id, { ...best, lacking: lack });
    const lacking = best.reached > now.reached ? [] : settled.lacking.map(nameOf);
    emit({ type: "delivery", id, ...best, lacking });
  };

  const nameOf = (prefix: string): string => {
    const member = membership.present().find((candidate) => candidate.id.startsWith(prefix));
    return member?.statement.content.nick ?? prefix;
  };

  /** Something about a part is known: an author tells at once, a delegate when all its parts are. */
  const settle = (task: Task): void => {
    if (task.giver === undefined) report(task);
    const open = task.delegations.some((delegation) => !isSettled(delegation));
    if (open) return;
    timers.clear(receiptKey(task.id, task.number));
    report(task);
  };

  return {
    publish: (id) => {
      const isOneHop = membership.presentCount() <= context.config.fanout;
      const orders = ordersFor(link.lossRate(), isLargeId(id), isOneHop).slice(0, context.config.seenLimit);
      const slices = orders.map((order) => ({ order, ...WHOLE }));
      remember(sightings, id, slices);
      for (const slice of slices) cover(id, slice, undefined, { isRetry: false, isLate: false });
    },
    onSighting: (from, id, slice, carried) => {
      if (carried === "body") noteHolder(id, from.peer);
      const seen = sightings.get(id) ?? [];
      if (seen.some((other) => contains(other, slice))) return;
      const sameOrder = seen.some((other) => other.order === slice.order);
      const orders = new Set(seen.map((other) => other.order)).size;
      if (seen.length >= ORDERS_MAX || (!sameOrder && orders >= context.config.seenLimit)) return;
      remember(sightings, id, [...seen, slice]);
      // A second slice of one order is that of a delegate which went silent: a retry of the giver's, not another sighting.
      cover(id, slice, from.boot, { isRetry: sameOrder, isLate: sameOrder || carried === "id" });
    },
    onArrived: (id) => {
      for (const task of tasks.get(id) ?? []) {
        if (task.isLate && task.delegations.every((delegation) => isSettled(delegation))) report(task);
      }
    },
    onEqualLogs: (peer) => {
      for (const [id, { reached, of }] of reach) {
        if (holders.get(id)?.has(peer)) continue;
        noteHolder(id, peer);
        // Who was not known when it was said has it now all the same.
        const known = holders.get(id)?.size ?? 0;
        if (known > reached) tellAuthor(id, { reached: known + 1, of: Math.max(of, known) + 1, lacking: [] });
      }
    },
    onReceipt: (from, receipt) => {
      for (const task of tasks.get(receipt.id) ?? []) {
        const delegation = task.delegations.find((candidate) => delegateOf(candidate)?.id === from.peer);
        if (task.order !== receipt.order || delegation === undefined || delegation.state === "reported") continue;
        delegation.state = "reported";
        noteHolder(task.id, from.peer);
        delegation.reached = Math.min(receipt.reached, delegation.part.peers.length);
        delegation.lacking = receipt.lacking;
        settle(task);
        return;
      }
    },
    onAcknowledged: (ticket) => {
      const task = tasks.get(ticket.id)?.[ticket.task];
      const delegation = task?.delegations[ticket.part];
      if (task === undefined || delegation === undefined || delegation.state === "reported") return;
      if (ticket.carried === "body") noteHolder(task.id, delegation.part.peers[ticket.delegate]?.id);
      // It came late, and the slice is another's by now: that one is still to answer.
      if (ticket.delegate !== delegation.delegate) return;
      delegation.state = "acknowledged";
      if (isHolder(task.id, delegateOf(delegation))) delegation.reached = Math.max(delegation.reached, 1);
      settle(task);
    },
    onLost: (ticket) => {
      const task = tasks.get(ticket.id)?.[ticket.task];
      const delegation = task?.delegations[ticket.part];
      if (task === undefined || delegation === undefined || delegation.state !== "sent") return;
      const isLeaf = delegation.part.peers.length === 1;
      if (isLeaf && task.order < ID_ORDERS_FROM && isHolder(task.id, delegateOf(delegation))) {
        delegation.state = "acknowledged";
        delegation.reached = 1;
        settle(task);
        return;
      }
      if (delegation.tries >= TRIES_MAX) {
        delegation.state = "failed";
        settle(task);
        return;
      }
      const delegates = Math.min(delegation.part.peers.length, DELEGATES_MAX);
      if (delegation.tries % TRIES_SAME === 0 && delegation.delegate + 1 < delegates) delegation.delegate += 1;
      counters.count("retries");
      push(task, ticket.part);
    },
    onDeadline: (id, number) => {
      const task = tasks.get(id)?.[number];
      if (task === undefined) return;
      if (isLargeId(id) && context.now.mono < task.since + RECEIPT_WAIT_LARGE_MS) watch(task);
      else report(task);
    },
    relayedMax: () => relayedMax,
    size: () => tasks.size,
  };
}

// --- internal ---

function contains(outer: Slice, inner: Slice): boolean {
  return outer.order === inner.order && outer.lo <= inner.lo && inner.last <= outer.last;
}

function remember<Key, Value>(table: Map<Key, Value>, key: Key, value: Value): void {
  table.delete(key);
  table.set(key, value);
  if (table.size > bounds.relays) table.delete(table.keys().next().value as Key);
}
