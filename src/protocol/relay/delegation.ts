/**
 * The branches of a slice that a node has passed on: which peer has each of them now, what it reported, and the sum of all
 * reports.
 */
import { LACKING_MAX, type Slice } from "../../wire/frames.ts";
import { type BootId, frontOf, type MessageId, type PeerId } from "../../wire/ids.ts";
import { hashOf } from "../membership/rank.ts";
import type { Member } from "../membership/roster.ts";
import type { Millis } from "../time.ts";
import { type Branch, rankOf } from "./rankOrder.ts";

export type Delegation = {
  readonly branch: Branch<Member>;
  /** Index in branch.peers of the peer that has the slice now. */
  delegate: number;
  tries: number;
  state: "sent" | "acknowledged" | "reported" | "failed";
  /** What a delegate said of the slice: so many of so many, and who is not among the first. `of`: 0 if none has said anything. */
  reached: number;
  of: number;
  lacking: readonly string[];
};

/** Of `of` nodes `reached` have the message; `lacking`: the fronts of the ids of a few others. */
export type Settled = { readonly reached: number; readonly of: number; readonly lacking: readonly string[] };

export type Task = {
  readonly id: MessageId;
  /** Its place among the tasks of its message. */
  readonly number: number;
  readonly slice: Slice;
  /** Who gave the slice; undefined: this node is the author. */
  readonly giver: BootId | undefined;
  readonly delegations: Delegation[];
  /** Its slice was another's before, or came without the body: most of it has the message by now. */
  readonly isLate: boolean;
  readonly since: Millis;
  /** What its giver was told, how many have the message; 0: nothing yet. */
  reported: number;
};

export function newDelegation(branch: Branch<Member>): Delegation {
  return { branch, delegate: 0, tries: 0, state: "sent", reached: 0, of: 0, lacking: [] };
}

export function delegateOf(delegation: Delegation): Member | undefined {
  return delegation.branch.peers[delegation.delegate];
}

/** This slice is that of the branch, and the peer has or had it. */
export function wasGiven({ branch, delegate }: Delegation, slice: Slice, peer: PeerId | undefined): boolean {
  return isEqual(branch.slice, slice) && branch.peers.slice(0, delegate + 1).some(({ id }) => id === peer);
}

export function isEqual(one: Slice, other: Slice): boolean {
  return one.order === other.order && one.lo === other.lo && one.last === other.last;
}

/**
 * What one who has or had the slice says became of it; true if that is news. Each knows of some of the peers: who knows of the
 * most is believed, and the one who has the slice now is waited for unless that is all.
 */
export function takeReceipt(delegation: Delegation, receipt: Settled, from: PeerId | undefined): boolean {
  const before = { ...delegation };
  const isCurrent = delegateOf(delegation)?.id === from;
  if (receipt.reached > before.reached || (isCurrent && receipt.reached === before.reached)) {
    delegation.reached = receipt.reached;
    delegation.of = receipt.of;
    delegation.lacking = receipt.lacking;
  }
  const isAll = receipt.reached === receipt.of && receipt.of >= delegation.branch.peers.length;
  if (isCurrent || isAll) delegation.state = "reported";
  return delegation.reached !== before.reached || delegation.state !== before.state;
}

export function receiptKey(id: MessageId, task: number): string {
  return `receipt ${id} ${task}`;
}

export function isSettled(delegation: Delegation): boolean {
  if (delegation.state === "acknowledged") return delegation.branch.peers.length === 1 && delegation.reached === 1;
  return delegation.state !== "sent";
}

/** What a node itself knows, whatever its delegates know: who has the message, and who is here. */
export type Knowledge = {
  readonly self: PeerId;
  readonly author: PeerId | undefined;
  readonly holders: ReadonlySet<PeerId>;
  readonly isHere: (peer: PeerId) => boolean;
};

/** This node and all its branches: how many have the message, of how many, and the first few that may lack it. */
export function sum(task: Task, knowledge: Knowledge): Settled {
  const others = othersOf(task, knowledge);
  let reached = 1;
  let of = 1;
  const lacking: string[] = [];
  for (const delegation of task.delegations) {
    const { slice } = delegation.branch;
    // Where it came by its id alone, its author was not known when the slice was cut.
    const peers = delegation.branch.peers.filter(({ id }) => id !== knowledge.author);
    // They are in the slice: what the delegate says counts them perhaps.
    const joined = take(others, (peer) => contains(slice, rankIn(task, peer))).length;
    // And this node itself, where its rank is in the middle of the only branch.
    const isOwn = task.giver !== undefined && peers.length > 1 && contains(slice, rankIn(task, knowledge.self));
    const known = reachedOf(delegation, peers, knowledge, { joined, own: isOwn ? 1 : 0 });
    reached += known;
    of += peers.length + joined;
    if (known < peers.length + joined) lacking.push(...lackingOf(delegation, peers, knowledge));
  }
  return { reached: reached + others.length, of: of + others.length, lacking: lacking.slice(0, LACKING_MAX) };
}

// --- internal ---

/** Of a message of this node: who was not known when it was said, and has it all the same. */
function othersOf({ giver, delegations }: Task, { holders }: Knowledge): PeerId[] {
  if (giver !== undefined) return [];
  const known = new Set(delegations.flatMap(({ branch }) => branch.peers.map(({ id }) => id)));
  return [...holders].filter((peer) => !known.has(peer));
}

/**
 * Those that a receipt names as lacking it, and that have it since, come on top of what it counts; but for as many as it names
 * beyond those it does not count: of some a delegate knows that they have it, not who they are. A full list may be cut short.
 */
function reachedOf(
  { reached, of, lacking }: Delegation,
  peers: readonly Member[],
  { holders }: Knowledge,
  { joined, own }: { joined: number; own: number },
): number {
  const most = peers.length + joined;
  // Whom only the delegate knows may be among those it reached.
  const claimed = Math.min(reached - Math.max(of - most, 0) - own, most);
  const known = peers.filter(({ id }) => holders.has(id));
  const since = known.filter(({ id }) => lacking.includes(frontOf(id))).length;
  const counted = lacking.length < LACKING_MAX ? Math.max(lacking.length - (of - reached), 0) : since;
  return Math.min(Math.max(claimed + Math.max(since - counted, 0), known.length + joined), most);
}

/** Who is named as lacking it, or was not to be reached by anyone, or went before it was heard of. */
function lackingOf(
  { state, of, lacking }: Delegation,
  peers: readonly Member[],
  { holders, isHere }: Knowledge,
): string[] {
  return peers
    .filter(({ id }) => !holders.has(id))
    .filter(({ id }) => (state === "failed" && of === 0) || lacking.includes(frontOf(id)) || !isHere(id))
    .map(({ id }) => frontOf(id));
}

function rankIn({ id, slice }: Task, peer: PeerId): number {
  return rankOf(id, slice.order, hashOf(peer));
}

function contains({ lo, last }: Slice, rank: number): boolean {
  return lo <= rank && rank <= last;
}

/** Takes out of the list those for which the condition holds. */
function take<Item>(from: Item[], isTaken: (item: Item) => boolean): Item[] {
  const taken = from.filter(isTaken);
  from.splice(0, from.length, ...from.filter((item) => !isTaken(item)));
  return taken;
}
