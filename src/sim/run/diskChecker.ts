/**
 * Checks what nodes claim about their disks (I5), what they tell of messages that are not stored, whom a message reached
 * (I8), and that no disk holds more than it may (I11).
 *
 * If disks are durable, `stored`, an acknowledgement and a receipt all say that a message outlives the process. The number
 * of nodes that a message reached rests on these, and on equal logs. It may count a node that had the message in memory
 * when it was asked. It never counts a node that never had it. What a restarted node has on its disk of that counts as if it
 * were told.
 */
import type { Mark, StoredMessage } from "../../protocol/api.ts";
import type { ChatEvent } from "../../protocol/events.ts";
import { mostInAll } from "../../protocol/log/classes.ts";
import type { Millis } from "../../protocol/time.ts";
import type { Message } from "../../protocol/views.ts";
import type { MessageId } from "../../wire/ids.ts";
import type { CheckerOptions } from "./checkerOptions.ts";
import { retained, type Sized } from "./retained.ts";
import { type Complain, entry, short } from "./words.ts";

export type DiskChecker = {
  readonly started: (node: number, kept: readonly StoredMessage[], marks: readonly Mark[]) => void;
  readonly onEvent: (node: number, event: ChatEvent) => void;
  readonly refused: (node: number, ids: readonly MessageId[]) => void;
  readonly claimed: (node: number, id: MessageId, how: string) => void;
  readonly stopping: (node: number) => void;
  /** The run is over, and the node still holds these. */
  readonly ended: (node: number, ids: readonly MessageId[]) => void;
  /** The node said, some time, that the message is stored. */
  readonly hasStored: (node: number, id: MessageId) => boolean;
};

/** A refused message of one's own is told of within this time. */
const TELL_MS: Millis = 1_000;

export function createDiskChecker(
  { diskOf, isGenuine, now, maxMessages, hostileMembers = 0 }: CheckerOptions,
  complain: Complain,
): DiskChecker {
  /** Per node, over all its starts. */
  const stored = new Map<number, Set<MessageId>>();
  /** Who ever had a message, in memory or on disk. */
  const holders = new Map<MessageId, Set<number>>();
  /** Own messages that the disk refused, and when; of the present start of each node. */
  const untold = new Map<number, Map<MessageId, Millis>>();
  const own = new Map<number, Set<MessageId>>();
  /** Nodes that told of a refusal, and not yet that it is over. */
  const failing = new Set<number>();

  /** What was told of by anybody, as far as retention goes. Texts of these tests are far smaller or larger than a datagram. */
  const messages = new Map<MessageId, Sized>();
  const hadBy = (node: number): Sized[] => [...messages.values()].filter(({ id }) => holders.get(id)?.has(node));
  const hold = (node: number, id: MessageId): void => {
    entry(holders, id, () => new Set()).add(node);
  };
  /** What the node called stored is on its disk, whole. */
  const checkStored = (node: number, when: string): void => {
    const disk = diskOf(node);
    const kept = disk.kept();
    for (const id of stored.get(node) ?? []) {
      const bytes = kept.get(id);
      if (disk.hasTrimmed(id)) continue;
      if (bytes === undefined) complain(`I5: n${node} called ${short(id)} stored, and it is not on its disk ${when}`);
      else if (!isGenuine({ id, bytes }))
        complain(`I5: n${node} called ${short(id)} stored, and it is damaged ${when}`);
    }
  };
  const checkTold = (node: number, until: Millis): void => {
    for (const [id, at] of untold.get(node) ?? [])
      if (until - at > TELL_MS) complain(`I5: the disk of n${node} refused its ${short(id)}, and it told nobody`);
  };
  const store = (node: number, ids: readonly MessageId[]): void => {
    const before = entry(stored, node, () => new Set());
    for (const id of ids) {
      // What a full disk lost of the newest makes room for what was let go before.
      if (before.has(id) && !diskOf(node).hasTrimmed(id)) complain(`I4: n${node} called ${short(id)} stored twice`);
      if (!own.get(node)?.has(id)) complain(`I5: n${node} called ${short(id)} stored, which it did not say`);
      if (!diskOf(node).hasConfirmed(id))
        complain(`I5: n${node} called ${short(id)} stored, which its disk has not confirmed`);
      before.add(id);
    }
  };
  const reached = (node: number, id: MessageId, count: number): void => {
    const others = [...(holders.get(id) ?? [])].filter((holder) => holder !== node).length;
    if (count > others + hostileMembers)
      complain(`I8: n${node} claims that ${short(id)} reached ${count}, it reached ${others + hostileMembers}`);
  };
  /** It was there when a process began: what was not confirmed may be kept all the same. */
  const found = new Map<number, Set<MessageId>>();

  return {
    started: (node, kept, marks) => {
      untold.delete(node);
      own.delete(node);
      failing.delete(node);
      checkStored(node, "at its start");
      for (const { id } of kept) {
        hold(node, id);
        entry(found, node, () => new Set()).add(id);
      }
      // People see them as they saw them before.
      for (const mark of marks) reached(node, mark.id, mark.reached);
    },
    onEvent: (node, event) => {
      switch (event.type) {
        case "message":
          hold(node, event.message.id);
          messages.set(event.message.id, sizedOf(event.message));
          if (event.message.own) entry(own, node, () => new Set()).add(event.message.id);
          return;
        case "stored":
          return store(node, event.ids);
        case "delivery":
          return reached(node, event.id, event.reached);
        case "error":
          if (event.error.code !== "not-stored") return;
          failing.add(node);
          checkTold(node, now());
          for (const id of event.error.own) untold.get(node)?.delete(id);
          return;
        case "notice":
          if (event.notice.code === "storing-again") failing.delete(node);
      }
    },
    refused: (node, ids) => {
      const refusals = entry(untold, node, () => new Map());
      for (const id of ids) if (own.get(node)?.has(id) && !refusals.has(id)) refusals.set(id, now());
    },
    claimed: (node, id, how) => {
      const disk = diskOf(node);
      if (!disk.isDurable || disk.hasConfirmed(id) || found.get(node)?.has(id)) return;
      // Of what it had it may have let it go, or refused it because it would have.
      if (disk.hasTrimmed(id) || !isKeptBeside(hadBy(node), messages.get(id), maxMessages)) return;
      complain(`I5: n${node} ${how} ${short(id)}, which its disk has not confirmed`);
    },
    stopping: (node) => {
      checkStored(node, "when it stopped");
      checkTold(node, now());
    },
    ended: (node, ids) => {
      const disk = diskOf(node);
      checkStored(node, "at the end");
      checkTold(node, now());
      if (!disk.isDurable) return;
      const kept = disk.kept();
      const lacking = ids.filter((id) => !kept.has(id)).length;
      if (lacking > 0) complain(`I5: the disk of n${node} lacks ${lacking} of its ${ids.length} messages at the end`);
      const most = mostInAll(maxMessages);
      if (kept.size > most) complain(`I11: the disk of n${node} holds ${kept.size} messages of ${most}`);
      if (failing.has(node)) complain(`I5: n${node} told of a failing disk, and never that it stores again`);
    },
    hasStored: (node, id) => stored.get(node)?.has(id) === true,
  };
}

// --- internal ---

function sizedOf({ id, author, text }: Message): Sized {
  return { id, author: author.id, size: Buffer.byteLength(text) };
}

/** It would be kept beside these. */
function isKeptBeside(others: readonly Sized[], message: Sized | undefined, most: number): boolean {
  if (message === undefined) return true;
  return retained([...others.filter(({ id }) => id !== message.id), message], most).has(message.id);
}
