/**
 * What must hold after every run (the invariants of ARCHITECTURE.md), checked from outside: by what nodes emit, send and hold.
 * I5 as far as a step of the virtual world goes: it is whole or not at all, a write cut short in the middle is the journal's own test.
 */
import type { ChatEvent } from "../../protocol/events.ts";
import { limits } from "../../protocol/limits.ts";
import type { Millis, UnixMillis } from "../../protocol/time.ts";
import { DATAGRAM_BYTES_MAX } from "../../wire/datagram.ts";
import { type MessageId, timeOfId } from "../../wire/ids.ts";
import type { NetworkCounts } from "../world/network.ts";
import type { VirtualNode } from "../world/node.ts";

export type Checkers = {
  readonly started: (node: number) => void;
  /** A node said it; `isKept`: its own disk took it, so it must never be lost. */
  readonly said: (id: MessageId, isKept: boolean) => void;
  readonly onEvent: (node: number, event: ChatEvent) => void;
  readonly onThrow: (node: number, error: unknown) => void;
  /** A write failed, and the node told its user. */
  readonly onDiskError: (node: number) => void;
  /** The node is about to lose what it holds in memory. */
  readonly crashed: (node: number, disk: VirtualNode["disk"]) => void;
  /** After the run: every invariant that was broken, in words. */
  readonly verdict: (nodes: readonly VirtualNode[], counts: NetworkCounts, now: UnixMillis) => string[];
};

/** Clocks of honest nodes may differ by so much, and no node goes by another one. */
const CLOCKS_MS: Millis = 30_000;
/** BOUNDED: complaints kept; one is enough to fail. */
const COMPLAINTS_MAX = 20;

export function createCheckers(): Checkers {
  const complaints: string[] = [];
  const complain = (text: string): void => {
    if (complaints.length < COMPLAINTS_MAX) complaints.push(text);
  };
  /** Per node, since its last start. */
  const shown = new Map<number, Set<MessageId>>();
  const stored = new Map<number, Set<MessageId>>();
  /** Answers shown before their question, per node: a breach if the question came after all. */
  const early = new Map<number, Map<MessageId, MessageId>>();
  /** Who ever had a message. */
  const holders = new Map<MessageId, Set<number>>();
  const said = new Map<MessageId, boolean>();
  /** Failed writes per node, since its last start. */
  const diskErrors = new Map<number, number>();

  const show = (node: number, id: MessageId, parents: readonly MessageId[]): void => {
    const seen = entry(shown, node, () => new Set());
    if (seen.has(id)) complain(`I4: n${node} showed ${short(id)} twice`);
    seen.add(id);
    const waiting = entry(early, node, () => new Map());
    for (const parent of parents) if (!seen.has(parent)) waiting.set(parent, id);
    const answer = waiting.get(id);
    if (answer !== undefined)
      complain(`I3: n${node} showed ${short(answer)} before ${short(id)}, which its author had seen`);
  };
  const store = (node: number, id: MessageId): void => {
    const kept = entry(stored, node, () => new Set());
    if (kept.has(id)) complain(`I4: n${node} stored ${short(id)} twice`);
    kept.add(id);
    entry(holders, id, () => new Set()).add(node);
  };
  /** What the node reported as stored is on its disk, but for as many as it told its user of. */
  const checkDisk = (node: number, disk: VirtualNode["disk"]): void => {
    const onDisk = disk.ids();
    const gone = [...(stored.get(node) ?? [])].filter((id) => !onDisk.has(id) && id >= disk.trimmedBelow());
    if (gone.length > (diskErrors.get(node) ?? 0))
      complain(`I5: n${node} reported ${gone.length} messages as stored that are not on its disk, and did not say so`);
  };
  const checkLogs = (nodes: readonly VirtualNode[], now: UnixMillis): void => {
    // What a wrong clock stamped too far ahead is nobody's but its author's for now.
    const isDue = (id: MessageId): boolean => timeOfId(id) <= now + limits.clockAheadMs - CLOCKS_MS;
    const logs = nodes.flatMap((node, index) => (node.isUp() ? [{ index, ids: idsOf(node).filter(isDue) }] : []));
    const everywhere = new Set(logs.flatMap((log) => log.ids));
    for (const [id, isKept] of said)
      if (isKept && isDue(id) && !everywhere.has(id)) complain(`I1: ${short(id)} is lost on all nodes`);
    for (const { index, ids } of logs) {
      if (ids.length < everywhere.size) complain(`I1: n${index} holds ${ids.length} of ${everywhere.size} messages`);
      if (ids.some((id, at) => at > 0 && id <= (ids[at - 1] as MessageId)))
        complain(`I1: the log of n${index} is out of order`);
      const seen = shown.get(index)?.size ?? 0;
      if (seen < ids.length) complain(`I1: n${index} showed ${seen} of its ${ids.length} messages`);
    }
    for (const [node, ids] of shown)
      for (const id of ids) if (!said.has(id)) complain(`I2: n${node} showed ${short(id)}, which nobody said`);
  };

  return {
    started: (node) => {
      shown.delete(node);
      stored.delete(node);
      early.delete(node);
      diskErrors.delete(node);
    },
    said: (id, isKept) => said.set(id, isKept),
    onEvent: (node, event) => {
      if (event.type === "message") show(node, event.message.id, event.message.parents);
      if (event.type === "stored") store(node, event.message.id);
      if (event.type !== "delivery") return;
      const others = [...(holders.get(event.id) ?? [])].filter((holder) => holder !== node).length;
      if (event.reached > others)
        complain(`I8: n${node} claims that ${short(event.id)} reached ${event.reached}, it reached ${others}`);
    },
    onThrow: (node, error) => complain(`I9: n${node} threw ${(error as Error).stack ?? error}`),
    onDiskError: (node) => diskErrors.set(node, (diskErrors.get(node) ?? 0) + 1),
    crashed: checkDisk,
    verdict: (nodes, counts, now) => {
      if (counts.oversize > 0) complain(`I6: ${counts.oversize} datagrams above ${DATAGRAM_BYTES_MAX} bytes`);
      const { outsiderIn, outsiderOut } = counts;
      if (outsiderIn > limits.amplification * outsiderOut)
        complain(`I7: ${outsiderIn} bytes went to an outsider that sent ${outsiderOut}`);
      checkLogs(nodes, now);
      nodes.forEach((node, index) => {
        if (!node.isUp()) return;
        checkDisk(index, node.disk);
        for (const [table, { size, bound }] of Object.entries(node.core().tables()))
          if (size > bound) complain(`I6: table ${table} of n${index} has ${size} rows of ${bound}`);
      });
      return complaints;
    },
  };
}

// --- internal ---

function idsOf(node: VirtualNode): MessageId[] {
  return node
    .core()
    .log()
    .map((message) => message.id);
}

function entry<Key, Value>(table: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = table.get(key);
  if (known !== undefined) return known;
  const made = make();
  table.set(key, made);
  return made;
}

function short(id: MessageId): string {
  return id.slice(0, 20);
}
