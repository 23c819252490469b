/**
 * The relay: range-delegated gossip. A node that is given a slice of a message's order cuts it into at most `fanout`
 * branches, and sends the message with each branch to the first peer of it. (Broadcast by range delegation: El-Ansary et
 * al. 2003. The random order of each message is Turbine's.)
 *
 * Each hop is acknowledged. If a delegate is silent, its branch goes to another peer of it. Reports of the branches add
 * up, so the author learns how many have the message.
 */
import { type Frame, ORDERS_MAX, type Slice } from "../../wire/frames.ts";
import { type BootId, frontOf, type MessageId, PEER_ID_BYTES, type PeerId } from "../../wire/ids.ts";
import { isReliable } from "../../wire/slice.ts";
import type { Context } from "../context.ts";
import type { PushTicket, Session } from "../link/session.ts";
import { pingsFor } from "../liveness/indirectProbe.ts";
import type { Reachability } from "../liveness/reachability.ts";
import { bodyAtHand } from "../log/answer.ts";
import { isLarge } from "../log/classes.ts";
import { type Log, wasKept } from "../log/log.ts";
import { authorOf, isLargeId as isOfLargeClass, sizeOf } from "../log/messageIndex.ts";
import { isWritten, type Writes } from "../log/writes.ts";
import type { Membership } from "../membership/membership.ts";
import { hashOf } from "../membership/rank.ts";
import type { Member } from "../membership/roster.ts";
import type { Millis } from "../time.ts";
import { type AuthorBudgets, spendOn } from "./authorBudget.ts";
import {
  type Delegation,
  delegateOf,
  isEqual,
  isSettled,
  newDelegation,
  receiptKey,
  type Settled,
  sum,
  type Task,
  takeReceipt,
  wasGiven,
} from "./delegation.ts";
import { noteEqualLogs, tellDelivery } from "./delivery.ts";
import { follow, knownOf, type Outbox } from "./outbox.ts";
import { type Branch, cut, rankedWithin, reachedFirst } from "./rankOrder.ts";
import { fanoutFor, ID_ORDERS_FROM, ordersFor } from "./redundancy.ts";
import { isHolder as isHolderOf, noteHolder, type Spread, type Spreads, touchSpread } from "./spread.ts";

export type Relay = {
  /** The author's first step: starts the message's orders. */
  readonly publish: (id: MessageId) => void;
  /**
   * A push arrived (its message is kept by now), or an advertisement: cover its slice in the same way, if this order is a
   * sighting to relay on.
   */
  readonly onSighting: (from: Session, id: MessageId, slice: Slice, carried: "body" | "id") => void;
  /** A message is in the store now: who gave a slice of it, and could not be told so far that it is here, is. */
  readonly onStored: (id: MessageId) => void;
  /** The peer holds these messages by its digest: own ones among them have arrived there, whatever receipts were lost. */
  readonly onEqualLogs: (peer: PeerId, holds: (id: MessageId) => boolean) => void;
  readonly onReceipt: (from: Session, receipt: Receipt) => void;
  readonly onAcknowledged: (ticket: PushTicket) => void;
  readonly onLost: (ticket: PushTicket) => void;
  /** The branches had time enough: report what is known. */
  readonly onDeadline: (id: MessageId, task: number) => void;
  /** The most peers any one message was sent on to, retries apart. */
  readonly relayedMax: () => number;
  readonly size: () => number;
};

export type Receipt = {
  readonly id: MessageId;
  readonly slice: Slice;
  readonly reached: number;
  readonly of: number;
  readonly lacking: readonly string[];
};

/** Pushes of one branch to one peer, before the slice goes to another of it. */
const TRIES_SAME = 2;
/** Peers of a slice that are tried as its delegate. */
const DELEGATES_MAX = 3;
/** Pushes of one branch, before it counts as failed; where all may be lost by chance it is tried further, for its receipt's sake. */
const TRIES_LEAST = 6;
/** A receipt is sent again so often when lost: of twenty that are needed not one may be missing. */
const RECEIPT_TRIES = 5;
/** How long a delegate waits for what its branches report, before it reports without. */
const RECEIPT_WAIT_MS: Millis = 1_500;
/** A large message has to be fetched first, hop by hop. */
const RECEIPT_WAIT_LARGE_MS: Millis = 15_000;
/** A delegate that fetches is heard of all the time. One that is silent for so long is offered its slice again. */
const SILENT_MS: Millis = 400;
const WATCH_MS: Millis = 200;

export function createRelay(
  context: Context,
  membership: Membership,
  log: Log,
  writes: Writes,
  reachability: Reachability,
  outbox: Outbox,
): Relay {
  const { link, timers, counters } = context;
  /** BOUNDED: `limits.relays`. */
  const spreads: Spreads = new Map();
  const budgets: AuthorBudgets = new Map();
  const ownHash = hashOf(context.identity.id);
  let relayedMax = 0;
  const fanout = (): number => fanoutFor(context.config.fanout, membership.presentCount() + 1);
  const triesMost = (): number => Math.max(TRIES_LEAST, pingsFor(link.lossRate(), membership.presentCount() + 1));

  const push = (task: Task, index: number): void => {
    const delegation = task.delegations[index] as Delegation;
    const peer = delegateOf(delegation);
    if (peer === undefined) return;
    if (delegation.state !== "failed") delegation.state = "sent";
    delegation.tries += 1;
    const frame = frameWith(task.id, delegation.branch.slice, carriesBody(task, delegation));
    const carried = carriedBy(frame);
    if (carried === "body") counters.count("payloadsOut");
    link.send(membership.session(peer), frame, {
      ticket: { owner: "relay", id: task.id, task: task.number, branch: index, delegate: delegation.delegate, carried },
      orderOf: task.id,
      ...urgencyOf(task.id),
    });
  };
  /** Who says too much waits behind the others. */
  const urgencyOf = (id: MessageId): { readonly isOwn: boolean; readonly isBulk: boolean } => {
    const isOwn = authorOf(log.index, id) === context.identity.id;
    return { isOwn, isBulk: !isOwn && spreads.get(id)?.isOverBudget === true };
  };
  const frameWith = (id: MessageId, slice: Slice, isBody: boolean): Frame => {
    const size = sizeOf(log.index, id);
    if (isLarge(size)) return { type: "offer", slice, id, bytes: size };
    const bytes = isBody ? bodyAtHand(log, writes, id) : undefined;
    return bytes === undefined ? { type: "advertise", slice, id } : pushOf(id, bytes, slice);
  };
  /** Whom this node knows to be here the others know too, most likely, and need only the front of the author's id. */
  const pushOf = (id: MessageId, bytes: Uint8Array, slice: Slice): Frame => {
    const author = authorOf(log.index, id);
    const isHere = author !== undefined && (author === context.identity.id || membership.isHere(author));
    return isHere
      ? { type: "brief", slice, front: frontOf(author), rest: bytes.subarray(PEER_ID_BYTES) }
      : { type: "push", slice, message: bytes };
  };
  /**
   * The body goes with the first push. When a push is repeated, and where a slice is covered late, most have the message by
   * another order: their id is enough, and whoever lacks it asks.
   */
  const carriesBody = (task: Task, delegation: Delegation): boolean =>
    !task.isLate &&
    spreads.get(task.id)?.isOverBudget !== true &&
    delegation.tries === 1 &&
    task.slice.order < ID_ORDERS_FROM &&
    !isHolder(task.id, delegateOf(delegation));
  const touch = (id: MessageId): Spread => touchSpread(spreads, id, outbox);
  /** By its class: nodes that keep the one form or the other agree on what is reported. */
  const isLargeId = (id: MessageId): boolean => isOfLargeClass(log.index, id);
  const isHolder = (id: MessageId, peer: Member | undefined): boolean => isHolderOf(spreads, id, peer?.id);
  const tasksOf = (id: MessageId): readonly Task[] => spreads.get(id)?.tasks ?? [];

  /** This node can say that it has the message: it is kept, or was, and is in the store. */
  const isHeld = (id: MessageId): boolean => wasKept(log, id) && isWritten(writes, id);
  const isReported = (id: MessageId, order: number): boolean => isReliable(order) || isLargeId(id);
  /** Whom the slice is to reach, by rank. */
  const peersOf = (id: MessageId, slice: Slice, giver: BootId | undefined): Member[] => {
    const giverPeer = giver === undefined ? undefined : link.sessions.get(giver)?.peer;
    const author = authorOf(log.index, id);
    return rankedWithin(
      id,
      slice,
      membership.present(),
      (member) => member.id !== author && member.id !== giverPeer && membership.hasAddress(member),
    );
  };

  const cover = (
    id: MessageId,
    slice: Slice,
    giver: BootId | undefined,
    how: { isRetry: boolean; isLate: boolean },
  ): void => {
    const { isReachable } = reachability;
    const branches = cut(id, slice, peersOf(id, slice, giver), fanout(), ownHash, isReachable).map((branch) =>
      reachedFirst(branch, isReachable),
    );
    counters.count(how.isRetry ? "retries" : "relayed", branches.length);
    if (!how.isRetry) relayedMax = Math.max(relayedMax, branches.length);
    if (isReported(id, slice.order)) delegate(id, slice, branches, giver, how.isLate);
    else for (const branch of branches) hand(id, branch, how.isLate);
  };
  /** Gives the branches away, and stays responsible for them. */
  const delegate = (
    id: MessageId,
    slice: Slice,
    branches: readonly Branch<Member>[],
    giver: BootId | undefined,
    isLate: boolean,
  ): void => {
    const spread = touch(id);
    const delegations = branches.map((branch) => newDelegation(branch));
    const since = context.now.mono;
    const task: Task = { id, number: spread.tasks.length, slice, giver, delegations, isLate, since, reported: 0 };
    spread.tasks = [...spread.tasks, task];
    for (let index = 0; index < branches.length; index += 1) push(task, index);
    if (branches.length === 0 && isLate) report(task);
    if (branches.length === 0) return;
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
  /** Sends a branch of an order that is not acknowledged: whoever it misses has the other orders. */
  const hand = (id: MessageId, branch: Branch<Member>, isLate: boolean): void => {
    const [peer] = branch.peers;
    if (peer === undefined) return;
    const hasIt = isHolder(id, peer);
    if (hasIt && branch.peers.length === 1) return;
    const isBody = !isLate && !hasIt && spreads.get(id)?.isOverBudget !== true && branch.slice.order < ID_ORDERS_FROM;
    const frame = frameWith(id, branch.slice, isBody);
    if (carriedBy(frame) === "body") counters.count("payloadsOut");
    link.send(membership.session(peer), frame, { orderOf: id, ...urgencyOf(id) });
  };

  const sumOf = (task: Task): Settled =>
    sum(task, {
      self: context.identity.id,
      author: authorOf(log.index, task.id),
      holders: spreads.get(task.id)?.holders ?? new Set(),
      isHere: membership.isHere,
    });
  /** What the branches add up to, if this node has the message; a delegate tells the one that gave it the slice, and again if it is more. */
  const report = (task: Task): void => {
    // An id that arrived is not a message that arrived.
    if (task.slice.order >= ID_ORDERS_FROM) return;
    const settled = sumOf(task);
    if (task.giver === undefined) return tellDelivery(context, membership, outbox, task.id, settled);
    if (!isHeld(task.id)) return;
    // A leaf that was sent the message says nothing: its acknowledgement is its receipt. That of a mere id is none.
    if (settled.reached <= task.reported || (task.delegations.length === 0 && !task.isLate)) return;
    sendReceipt(task.giver, task.id, task.slice, settled, RECEIPT_TRIES);
    task.reported = settled.reached;
  };
  /** Of an own message that was said long ago, or in an earlier start: this node itself comes on top. */
  const tellKnown = (id: MessageId): void => {
    const sent = outbox.sent.get(id);
    if (sent === undefined) return;
    const { reached, of, lacking } = knownOf(sent);
    tellDelivery(context, membership, outbox, id, { reached: reached + 1, of: of + 1, lacking });
  };
  const sendReceipt = (giver: BootId, id: MessageId, slice: Slice, settled: Settled, tries: number): void => {
    const session = link.sessions.get(giver);
    if (session !== undefined) link.send(session, { type: "receipt", id, slice, ...settled }, { tries });
  };
  /**
   * A slice is covered already. Who gives it again has not heard what became of it: what a leaf acknowledged, or a delegate
   * reported, was lost. Who gives it in another's stead is told who is known to have the message. If the answer is lost, so is
   * the acknowledgement that goes with it, and the slice is given once more.
   */
  const answerAgain = ({ boot }: Session, id: MessageId, slice: Slice): void => {
    if (!isReported(id, slice.order) || !isHeld(id)) return;
    const task = tasksOf(id).find((one) => one.giver === boot && isEqual(one.slice, slice));
    if (task !== undefined) {
      if (task.delegations.every(isSettled)) sendReceipt(boot, id, slice, sumOf(task), 0);
      return;
    }
    const others = peersOf(id, slice, boot);
    const reached = others.filter((peer) => isHolder(id, peer)).length;
    // Its author is not among those it reaches.
    const own = authorOf(log.index, id) === context.identity.id ? 0 : 1;
    sendReceipt(boot, id, slice, { reached: reached + own, of: others.length + own, lacking: [] }, 0);
  };

  /** Something about a branch is known: an author tells at once, a delegate when all its branches are. */
  const settle = (task: Task): void => {
    if (task.giver === undefined) report(task);
    const open = task.delegations.some((delegation) => !isSettled(delegation));
    if (open) return;
    timers.clear(receiptKey(task.id, task.number));
    report(task);
  };

  /** The message is to be sent on for the first time here. */
  const count = (id: MessageId): void => {
    const author = authorOf(log.index, id);
    // Of large messages no body is pushed anyway.
    if (author === undefined || isLargeId(id) || spendOn(budgets, author, context.now.mono)) return;
    counters.drop("over-budget");
    touch(id).isOverBudget = true;
  };

  return {
    publish: (id) => {
      if (!log.index.ids.has(id)) {
        // It was let go as soon as it was said. Nobody can get it, and its author is told so.
        follow(outbox, id, new Set());
        return context.trim([id]);
      }
      count(id);
      const isOneHop = membership.presentCount() <= fanout();
      // Behind a queue more of the same is only more queue, and what seems lost is late.
      const loss = link.backlog(context.now.mono) > 0 ? 0 : link.lossRate();
      const slices = ordersFor(loss, isLargeId(id), isOneHop, context.config).slice(0, context.config.seenLimit);
      const spread = touch(id);
      spread.slices = slices;
      follow(outbox, id, spread.holders);
      for (const slice of slices) cover(id, slice, undefined, { isRetry: false, isLate: false });
      // Nobody is here: that is all there is to wait for.
      const [task] = spread.tasks;
      if (task !== undefined && spread.tasks.every(({ delegations }) => delegations.length === 0)) report(task);
    },
    onSighting: (from, id, slice, carried) => {
      if (carried === "body") noteHolder(spreads, outbox, id, from.peer);
      const seen = spreads.get(id)?.slices ?? [];
      if (seen.some((other) => contains(other, slice))) return answerAgain(from, id, slice);
      const sameOrder = seen.some((other) => other.order === slice.order);
      const orders = new Set(seen.map((other) => other.order)).size;
      if (seen.length >= ORDERS_MAX || (!sameOrder && orders >= context.config.seenLimit)) return;
      if (seen.length === 0) count(id);
      touch(id).slices = [...seen, slice];
      // A second slice of one order is that of a delegate which went silent: a retry of the giver's, not another sighting.
      cover(id, slice, from.boot, { isRetry: sameOrder, isLate: sameOrder || carried === "id" });
    },
    onStored: (id) => {
      for (const task of tasksOf(id)) {
        if (task.giver !== undefined && task.delegations.every((delegation) => isSettled(delegation))) report(task);
      }
    },
    onEqualLogs: (peer, holds) => {
      for (const id of noteEqualLogs(outbox, peer, holds)) {
        const tasks = tasksOf(id).filter(({ giver }) => giver === undefined);
        for (const task of tasks) report(task);
        if (tasks.length === 0) tellKnown(id);
      }
    },
    onReceipt: (from, receipt) => {
      for (const task of tasksOf(receipt.id)) {
        const delegation = task.delegations.find((candidate) => wasGiven(candidate, receipt.slice, from.peer));
        if (delegation === undefined) continue;
        noteHolder(spreads, outbox, task.id, from.peer);
        if (takeReceipt(delegation, receipt, from.peer)) settle(task);
        return;
      }
    },
    onAcknowledged: (ticket) => {
      const task = tasksOf(ticket.id)[ticket.task];
      const delegation = task?.delegations[ticket.branch];
      if (task === undefined || delegation === undefined || delegation.state === "reported") return;
      if (ticket.carried === "body") noteHolder(spreads, outbox, task.id, delegation.branch.peers[ticket.delegate]?.id);
      // It came late, and the slice is another's by now: that one is still to answer.
      if (ticket.delegate !== delegation.delegate) return;
      delegation.state = "acknowledged";
      if (isHolder(task.id, delegateOf(delegation))) delegation.reached = Math.max(delegation.reached, 1);
      settle(task);
    },
    onLost: (ticket) => {
      const task = tasksOf(ticket.id)[ticket.task];
      const delegation = task?.delegations[ticket.branch];
      if (task === undefined || delegation === undefined) return;
      if (delegation.state !== "sent" && delegation.state !== "failed") return;
      const isLeaf = delegation.branch.peers.length === 1;
      if (isLeaf && task.slice.order < ID_ORDERS_FROM && isHolder(task.id, delegateOf(delegation))) {
        delegation.state = "acknowledged";
        delegation.reached = 1;
        settle(task);
        return;
      }
      if (delegation.tries >= TRIES_LEAST && delegation.state === "sent") {
        delegation.state = "failed";
        settle(task);
      }
      if (delegation.tries >= triesMost()) return;
      const delegates = Math.min(delegation.branch.peers.length, DELEGATES_MAX);
      if (delegation.tries % TRIES_SAME === 0 && delegation.delegate + 1 < delegates) delegation.delegate += 1;
      counters.count("retries");
      push(task, ticket.branch);
    },
    onDeadline: (id, number) => {
      const task = tasksOf(id)[number];
      if (task === undefined) return;
      if (isLargeId(id) && context.now.mono < task.since + RECEIPT_WAIT_LARGE_MS) watch(task);
      else report(task);
    },
    relayedMax: () => relayedMax,
    size: () => spreads.size,
  };
}

// --- internal ---

function carriedBy(frame: Frame): "body" | "id" {
  return frame.type === "push" || frame.type === "brief" ? "body" : "id";
}

function contains(outer: Slice, inner: Slice): boolean {
  return outer.order === inner.order && outer.lo <= inner.lo && inner.last <= outer.last;
}
