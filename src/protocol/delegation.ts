/** The parts of a slice that a node covers: who has each of them now, what is known of it, and how that adds up. */
import type { Part } from "./order.ts";
import type { Member } from "./roster.ts";
import type { BootId, MessageId, Millis, PeerId } from "./types.ts";

export type Delegation = {
  readonly part: Part<Member>;
  /** Index in part.peers of the peer that has the slice now. */
  delegate: number;
  tries: number;
  state: "sent" | "acknowledged" | "reported" | "failed";
  reached: number;
  lacking: readonly string[];
};

export type Task = {
  readonly id: MessageId;
  /** Its place among the tasks of its message. */
  readonly number: number;
  readonly order: number;
  /** Who gave the slice; undefined: this node is the author. */
  readonly giver: BootId | undefined;
  readonly delegations: Delegation[];
  /** Its slice was another's before, or came without the body: most of it has the message by now. */
  readonly isLate: boolean;
  readonly since: Millis;
  reported: boolean;
};

export function newDelegation(part: Part<Member>): Delegation {
  return { part, delegate: 0, tries: 0, state: "sent", reached: 0, lacking: [] };
}

export function delegateOf(delegation: Delegation): Member | undefined {
  return delegation.part.peers[delegation.delegate];
}

export function receiptKey(id: MessageId, task: number): string {
  return `receipt ${id} ${task}`;
}

export function isSettled(delegation: Delegation): boolean {
  if (delegation.state === "acknowledged") return delegation.part.peers.length === 1 && delegation.reached === 1;
  return delegation.state !== "sent";
}

/** This node and all its parts: how many have the message, of how many, and the first few that may lack it. */
export function sum(task: Task): { reached: number; of: number; lacking: string[] } {
  let reached = 1;
  let of = 1;
  const lacking: string[] = [];
  for (const delegation of task.delegations) {
    reached += delegation.reached;
    of += delegation.part.peers.length;
    const silent =
      delegation.state === "failed" ? delegation.part.peers.map((peer) => short(peer.id)) : delegation.lacking;
    lacking.push(...silent);
  }
  return { reached, of, lacking: lacking.slice(0, 4) };
}

// --- internal ---

function short(peer: PeerId): string {
  return peer.slice(0, 16);
}
