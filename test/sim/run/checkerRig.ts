/** Nodes, disks and messages that a test makes up, in front of the real checkers. */
import type { StoredMessage } from "../../../src/protocol/api.ts";
import type { Message } from "../../../src/protocol/views.ts";
import { type Checkers, createCheckers } from "../../../src/sim/run/checkers.ts";
import type { Disk } from "../../../src/sim/world/disk.ts";
import { noCounts } from "../../../src/sim/world/network.ts";
import { type VirtualNode, WALL_START } from "../../../src/sim/world/node.ts";
import { type MessageId, timeOfId } from "../../../src/wire/ids.ts";

/** What the checkers ask of a disk, and what a test does to it. */
export type RigDisk = Disk & {
  readonly bodies: Map<MessageId, Uint8Array>;
  readonly confirmed: Set<MessageId>;
  /** Let go on purpose. */
  readonly trim: (id: MessageId) => void;
};

export type Rig = {
  readonly checkers: Checkers;
  readonly disk: (node: number) => RigDisk;
  /** `node` says them, and has them on its disk at once. */
  readonly say: (node: number, ...messages: readonly Message[]) => void;
  /** `node` says them, and its disk has not confirmed them. */
  readonly sayUnkept: (node: number, ...messages: readonly Message[]) => void;
  /** A hostile member signed them. */
  readonly sayHostile: (...messages: readonly Message[]) => void;
  /** `node` tells of it. */
  readonly hear: (node: number, message: Message, isInOrder?: boolean) => void;
  readonly isShown: (node: number, message: Message) => boolean;
  /** The disk has it, and has said so. */
  readonly confirm: (node: number, message: Message) => void;
  /** Virtual time. */
  readonly wait: (ms: number) => void;
  /** What each node holds at the end; undefined: it is down. `atMs`: when that is, after the start of the world. */
  readonly verdict: (logs: Readonly<Record<number, readonly Message[] | undefined>>, atMs?: number) => string[];
};

const DAMAGED = Uint8Array.of(0);
/** Later than all messages here. */
const END_MS = 3_600_000;

type RigOptions = { readonly isDurable?: boolean; readonly maxMessages?: number; readonly flooder?: number };

export function createRig({ isDurable = false, maxMessages = 1_000, flooder }: RigOptions = {}): Rig {
  let now = 0;
  const disks = new Map<number, RigDisk>();
  const shown = new Set<string>();
  const disk = (node: number): RigDisk => {
    const known = disks.get(node) ?? createRigDisk(isDurable);
    disks.set(node, known);
    return known;
  };
  const isGenuine = ({ bytes }: StoredMessage): boolean => bytes !== DAMAGED;
  const checkers = createCheckers({ diskOf: disk, isGenuine, now: () => now, maxMessages, flooder });
  return {
    checkers,
    disk,
    say: (node, ...messages) => {
      for (const { id, kindNumber } of messages) checkers.said(node, id, kindNumber, true);
    },
    sayUnkept: (node, ...messages) => {
      for (const { id, kindNumber } of messages) checkers.said(node, id, kindNumber, false);
    },
    sayHostile: (...messages) => {
      for (const { id, author } of messages) checkers.saidByHostile(id, author.id, 100);
    },
    hear: (node, message, isInOrder = true) => {
      shown.add(`${node} ${message.id}`);
      checkers.onEvent(node, { type: "message", message, isInOrder });
    },
    isShown: (node, { id }) => shown.has(`${node} ${id}`),
    confirm: (node, { id }) => {
      disk(node).bodies.set(id, Uint8Array.of(1));
      disk(node).confirmed.add(id);
    },
    wait: (ms) => {
      now += ms;
    },
    verdict: (logs, atMs = END_MS) => {
      const nodes = Object.entries(logs).map(([node, log]) => [Number(node), nodeOf(disk(Number(node)), log)] as const);
      return checkers.verdict(new Map(nodes), noCounts(), WALL_START + atMs);
    },
  };
}

/** Its body is not what was written. */
export function damage({ bodies }: RigDisk, { id }: Message): void {
  bodies.set(id, DAMAGED);
}

/** So many ms after the start of the world. */
export function said(atMs: number, more: Partial<Message> = {}): Message {
  const author = { id: "a".repeat(64), tag: "aaaa", nick: "n0" } as Message["author"];
  const text = { kind: "text", kindNumber: 1, target: undefined, text: `${atMs}` } as const;
  const id = idAt(atMs);
  return { id, author, seq: 0, ...text, time: timeOfId(id), parents: [], own: false, history: false, ...more };
}

export function idAt(atMs: number): MessageId {
  const stamp = (WALL_START + atMs).toString(16).padStart(12, "0");
  return `${stamp}${atMs.toString(16).padStart(8, "0")}`.padEnd(48, "0") as MessageId;
}

// --- internal ---

function createRigDisk(isDurable: boolean): RigDisk {
  const bodies = new Map<MessageId, Uint8Array>();
  const confirmed = new Set<MessageId>();
  const trimmed: MessageId[] = [];
  return {
    isDurable,
    bodies,
    confirmed,
    trim: (id) => {
      trimmed.push(id);
      bodies.delete(id);
    },
    kept: () => bodies,
    hasConfirmed: (id) => confirmed.has(id),
    hasTrimmed: (id) => trimmed.includes(id),
  } as Partial<RigDisk> as RigDisk;
}

function nodeOf(disk: RigDisk, log: readonly Message[] | undefined): VirtualNode {
  const core = { ids: () => (log ?? []).map(({ id }) => id), tables: () => ({}) };
  return { disk, isUp: () => log !== undefined, core: () => core } as unknown as VirtualNode;
}
