/**
 * Checks the invariants of ARCHITECTURE.md after every run, from outside: by what nodes emit, send, hold and have on their
 * disks. There is one for each room.
 */
import { erases, isDelete } from "../../crypto/signed.ts";
import type { Mark, StoredMessage } from "../../protocol/api.ts";
import type { ChatEvent } from "../../protocol/events.ts";
import { limits } from "../../protocol/limits.ts";
import { isLarge, mostInAll } from "../../protocol/log/classes.ts";
import type { Millis, UnixMillis } from "../../protocol/time.ts";
import { DELETE_KIND, kindOf } from "../../wire/bodies/kinds.ts";
import { DATAGRAM_BYTES_MAX } from "../../wire/datagram.ts";
import { decodeEnvelope, readColumns } from "../../wire/envelope.ts";
import { type MessageId, type PeerId, timeOfId } from "../../wire/ids.ts";
import type { NetworkCounts } from "../world/network.ts";
import type { VirtualNode } from "../world/node.ts";
import type { CheckerOptions } from "./checkerOptions.ts";
import { createDiskChecker } from "./diskChecker.ts";
import { createOrderChecker } from "./orderChecker.ts";
import { retained, type Sized } from "./retained.ts";
import { checkShares } from "./shares.ts";
import { type Complain, entry, short } from "./words.ts";

export type Checkers = {
  /** A new process of the node begins with these messages, and with what its disk says of how far its own got. */
  readonly started: (node: number, kept: readonly StoredMessage[], marks?: readonly Mark[]) => void;
  /** A node said it, in this kind; `isKept`: its own disk has it already, so it must never be lost. */
  readonly said: (node: number, id: MessageId, kindNumber: number, isKept: boolean) => void;
  /** A hostile member signed it, and may have sent it to anyone. */
  readonly saidByHostile: (id: MessageId, author: PeerId, bytes: number) => void;
  readonly onEvent: (node: number, event: ChatEvent) => void;
  readonly onThrow: (node: number, error: unknown) => void;
  /** The disk has refused these messages, and its node is told now. */
  readonly refused: (node: number, ids: readonly MessageId[]) => void;
  /** The node has told another that it has this message. */
  readonly claimed: (node: number, id: MessageId, how: string) => void;
  /** The node is about to lose what it holds in memory. */
  readonly stopping: (node: number) => void;
  /** During the run: whether all tables are within their bounds now. */
  readonly look: (nodes: Nodes) => void;
  /** After the run: every invariant that was broken, in words. */
  readonly verdict: (nodes: Nodes, counts: NetworkCounts, now: UnixMillis) => string[];
};

/** Of one room, by their numbers. */
export type Nodes = ReadonlyMap<number, VirtualNode>;

/** RFC 9000 §8: a number of its own, so that a wrong limit of the core is noticed. */
const AMPLIFICATION_MOST = 3;
/** Clocks of honest nodes may differ by so much, and no node goes by another one. */
const CLOCKS_MS: Millis = 30_000;
/** BOUNDED: complaints kept; one is enough to fail. */
const COMPLAINTS_MAX = 20;

type Said = { readonly node: number; readonly kindNumber: number; readonly isKept: boolean };

export function createCheckers(options: CheckerOptions): Checkers {
  const complaints: string[] = [];
  const complain: Complain = (text) => {
    if (complaints.length < COMPLAINTS_MAX) complaints.push(text);
  };
  const order = createOrderChecker(complain);
  const disks = createDiskChecker(options, complain);
  const said = new Map<MessageId, Said>();
  /** Of what was shown and may be on no disk any more: near enough to the size of the message. */
  const textBytes = new Map<MessageId, number>();
  const saidByHostile = new Map<MessageId, PeerId>();
  /** Whom nodes named as the author. */
  const shownAs = new Map<MessageId, PeerId>();

  const checkAuthor = (node: number, id: MessageId, author: PeerId): void => {
    const by = said.get(id);
    const signer = by === undefined ? saidByHostile.get(id) : options.idOf?.(by.node);
    const named = signer ?? entry(shownAs, id, () => author);
    if (named !== author) complain(`I2: n${node} showed ${short(id)} as said by another than its author`);
  };
  const checkMessage = (node: number, event: ChatEvent & { type: "message" }): void => {
    const { id, author, kind, kindNumber, text } = event.message;
    textBytes.set(id, Math.max(Buffer.byteLength(text), textBytes.get(id) ?? 0));
    checkAuthor(node, id, author.id);
    const known = said.get(id);
    if (known === undefined) return;
    const isUnderstood = kindOf(known.kindNumber) !== undefined;
    if (kindNumber !== known.kindNumber || (kind === "unknown") === isUnderstood)
      complain(`I10: n${node} handed on ${short(id)} of kind ${known.kindNumber} as ${kind}, number ${kindNumber}`);
  };
  /** Its author's disk has it, so that it outlived whatever happened to the author. */
  const isSafe = (node: number | PeerId, id: MessageId): boolean =>
    typeof node === "number" && (said.get(id)?.isKept === true || disks.hasStored(node, id));
  const checkLogs = (nodes: Nodes, now: UnixMillis): void => {
    const live = [...nodes].filter(([, node]) => node.isUp());
    const sizes = new Map([...textBytes, ...sizesOf(live.map(([, node]) => node))]);
    const authorOf = (id: MessageId): number | PeerId => said.get(id)?.node ?? saidByHostile.get(id) ?? -1;
    const sized = (id: MessageId): Sized => ({ id, author: authorOf(id), size: sizes.get(id) ?? 0 });
    const keptOf = (ids: Iterable<MessageId>): Set<MessageId> => retained([...ids].map(sized), options.maxMessages);
    const isNow = (id: MessageId): boolean => !isAheadAt(id, now);
    const logs = live.map(([index, node]) => ({ index, ids: node.core().ids() }));
    const everywhere = new Set(logs.flatMap(({ ids }) => ids.filter(isNow)));
    // Whatever was said may have pushed it out, even what is lost since.
    const all = [...said.keys(), ...saidByHostile.keys()].filter(isNow);
    const everKept = keptOf(all);
    for (const [id, { node }] of said) {
      if (isSafe(node, id) && everKept.has(id) && !everywhere.has(id))
        complain(`I1: ${short(id)} is lost on all nodes`);
    }
    for (const { index, ids } of logs) {
      const due = keptOf(new Set([...everywhere, ...ids]));
      const held = new Set(ids);
      const wanted = [...due].filter(isNow);
      const lacking = wanted.filter((id) => !held.has(id)).length;
      if (lacking > 0) complain(`I1: n${index} holds ${wanted.length - lacking} of ${wanted.length} messages`);
      const more = ids.filter((id) => !due.has(id)).length;
      if (more > 0) complain(`I11: n${index} holds ${more} messages that retention lets go`);
      if (ids.some((id, at) => at > 0 && id <= (ids[at - 1] as MessageId)))
        complain(`I1: the log of n${index} is out of order`);
      const unshown = ids.filter((id) => isNow(id) && !order.isShown(index, id)).length;
      if (unshown > 0) complain(`I1: n${index} showed ${ids.length - unshown} of its ${ids.length} messages`);
    }
    for (const [node, id] of order.shown())
      if (!said.has(id) && !saidByHostile.has(id)) complain(`I2: n${node} showed ${short(id)}, which nobody said`);
    const isSmall = (id: MessageId): boolean => !isLarge(sizes.get(id) ?? 0);
    checkShares(live, all.sort(), { ...options, isSmall, authorOf, isSafe, complain });
  };
  const checkTables = (index: number, node: VirtualNode): void => {
    for (const [table, { size, bound }] of Object.entries(node.core().tables()))
      if (size > bound) complain(`I6: table ${table} of n${index} has ${size} rows of ${bound}`);
    const { length } = node.core().ids();
    const most = mostInAll(options.maxMessages);
    if (length > most) complain(`I11: n${index} holds ${length} messages of ${most}`);
  };

  return {
    started: (node, kept, marks = []) => {
      order.started(
        node,
        kept.map(({ id }) => id),
      );
      disks.started(node, kept, marks);
    },
    said: (node, id, kindNumber, isKept) => said.set(id, { node, kindNumber, isKept }),
    saidByHostile: (id, author, bytes) => {
      saidByHostile.set(id, author);
      textBytes.set(id, bytes);
    },
    onEvent: (node, event) => {
      order.onEvent(node, event);
      disks.onEvent(node, event);
      if (event.type === "message") checkMessage(node, event);
    },
    onThrow: (node, error) => complain(`I9: n${node} threw ${(error as Error).stack ?? error}`),
    refused: disks.refused,
    claimed: disks.claimed,
    stopping: disks.stopping,
    look: (nodes) => {
      for (const [index, node] of nodes) if (node.isUp()) checkTables(index, node);
    },
    verdict: (nodes, counts, now) => {
      if (counts.oversize > 0) complain(`I6: ${counts.oversize} datagrams above ${DATAGRAM_BYTES_MAX} bytes`);
      const { outsiderIn, outsiderOut } = counts;
      if (outsiderIn > AMPLIFICATION_MOST * outsiderOut)
        complain(`I7: ${outsiderIn} bytes went to an outsider that sent ${outsiderOut}`);
      checkLogs(nodes, now);
      for (const [index, node] of nodes) {
        if (!node.isUp()) continue;
        disks.ended(index, node.core().ids());
        for (const id of leftWhole(node)) complain(`n${index} keeps the words of ${short(id)}, and the delete of it`);
        checkTables(index, node);
      }
      return complaints;
    },
  };
}

/** A wrong clock stamped it too far ahead: it is nobody's but its author's for now, or of those whose clocks are as wrong. */
export function isAheadAt(id: MessageId, now: UnixMillis): boolean {
  return timeOfId(id) > now + limits.clockAheadMs - CLOCKS_MS;
}

// --- internal ---

/** What is whole on the disk of a node that keeps it, and keeps a delete of it by its author. */
function leftWhole(node: VirtualNode): MessageId[] {
  const kept = node.disk.kept();
  return node
    .core()
    .ids()
    .flatMap((by) => {
      const bytes = kept.get(by);
      const content =
        bytes && isDelete(readColumns(bytes)?.kind ?? 0, bytes.length) ? decodeEnvelope(bytes) : undefined;
      const target = content?.target;
      if (bytes === undefined || content === undefined || target === undefined) return [];
      const whole = decodeEnvelope(kept.get(target) ?? new Uint8Array());
      if (whole === undefined || whole.erasure !== undefined || whole.kind === DELETE_KIND) return [];
      return erases({ content, bytes }, { id: target, ...whole }) ? [target] : [];
    });
}

/** Bytes of the messages, in their whole form, that are on the nodes' disks. */
function sizesOf(nodes: readonly VirtualNode[]): Map<MessageId, number> {
  const sizes = new Map<MessageId, number>();
  for (const { disk } of nodes) for (const [id, bytes] of disk.kept()) sizes.set(id, readColumns(bytes)?.size ?? 0);
  return sizes;
}
