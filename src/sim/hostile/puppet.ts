/**
 * A hostile member of a room, moved by hand. It has the room's key and an identity, lives at an address of the virtual
 * network, or of a real one (bench/net/attacker.js), and knows where all nodes are.
 *
 * All that there is to sealing, opening, acknowledging and greeting stands in this file. Strategies send frames, forge
 * datagrams, and see the frames that come back. It has the secret half of no link key but its own.
 */
import { type Identity, identityFromSeed } from "../../crypto/identity.ts";
import { type PairKeys, pairKeys } from "../../crypto/linkKeys.ts";
import { bootKey, open, type RoomKeys, seal } from "../../crypto/roomKeys.ts";
import { readStatement, type SignedMessage, signMessage, signStatement } from "../../crypto/signed.ts";
import { below, type Rng } from "../../protocol/rng.ts";
import type { Millis, UnixMillis } from "../../protocol/time.ts";
import { encodeBody } from "../../wire/bodies/body.ts";
import { COUNTER_MAX, type DatagramType, decodeHeader, echoOf, FRAMES_BYTES_MAX } from "../../wire/datagram.ts";
import type { Endpoint } from "../../wire/endpoint.ts";
import type { Envelope } from "../../wire/envelope.ts";
import { noExtensions } from "../../wire/extensions.ts";
import { decodeFrames, elicitsAck, encodeFrame, type Frame } from "../../wire/frames.ts";
import { type BootId, type LinkKey, type PeerId, toHex } from "../../wire/ids.ts";
import type { StatementContent } from "../../wire/statement.ts";
import { linkKeysOf, startOf } from "../world/linkKeys.ts";

/** A node that it can attack. */
export type Target = {
  readonly id: PeerId;
  readonly endpoint: Endpoint;
  /** Undefined: it is down. */
  readonly boot: () => BootId | undefined;
};

/** What it stands on. */
export type PuppetWorld = {
  readonly roomKeys: RoomKeys;
  readonly rng: Rng;
  readonly now: () => Millis;
  readonly wall: () => UnixMillis;
  readonly transmit: (bytes: Uint8Array, from: Endpoint, to: Endpoint) => void;
  readonly listen: (at: Endpoint, receive: (bytes: Uint8Array, from: Endpoint) => void) => void;
  /** From now on, what nodes send to each other, as somebody on the path sees it. */
  readonly overhear: (listener: (bytes: Uint8Array, from: Endpoint, to: Endpoint) => void) => void;
  /** Everyone of its room. */
  readonly targets: readonly Target[];
  /** The public half of a node's link key, which stands in its statement; undefined: that has not come. */
  readonly linkKeyOf: (boot: BootId) => LinkKey | undefined;
  /** It signed this, so it may be in logs. */
  readonly said: (message: SignedMessage) => void;
};

export type Puppet = {
  readonly world: PuppetWorld;
  readonly identity: Identity;
  readonly id: PeerId;
  readonly boot: BootId;
  readonly nick: string;
  readonly endpoint: Endpoint;
  /** Whether it acknowledges what it gets. */
  isAnswering: boolean;
  /** It sends and hears nothing any more. */
  isSilent: boolean;
  /** What it does about the frames of a node. BOUNDED: by its strategies. */
  readonly listeners: ((frames: readonly Frame[], from: Target) => void)[];
  counter: number;
  seq: number;
  /** Grows with each statement of its own. */
  incarnation: number;
  /** BOUNDED: by the process starts of a run. */
  readonly acquaintances: Map<BootId, Acquaintance>;
  /** Statements of others, the newest last. BOUNDED: STATEMENTS_MAX. */
  readonly statements: Uint8Array[];
  /** What each node says of itself. BOUNDED: by the nodes. */
  readonly newest: Map<PeerId, StatementContent>;
  sent: number;
  received: number;
};

/** What it knows of a process of a node. */
type Acquaintance = {
  readonly target: Target;
  /** What seals between the two. */
  readonly keys: PairKeys;
  greetedAt: Millis;
  /** It was acknowledged there: its word counts. */
  isProven: boolean;
  /** The highest counter that came from there in a linked datagram. */
  highest: number;
};

const STATEMENTS_MAX = 512;
/** A greeting that is not answered is repeated after so long. */
const GREET_AGAIN_MS: Millis = 500;

export function createPuppet(world: PuppetWorld, nick: string, endpoint: Endpoint): Puppet {
  const chance = (bytes: number): Uint8Array => Uint8Array.from({ length: bytes }, () => below(world.rng, 256));
  const identity = identityFromSeed(chance(32));
  const puppet: Puppet = {
    world,
    identity,
    id: identity.id,
    boot: toHex(chance(8)) as BootId,
    nick,
    endpoint,
    isAnswering: true,
    isSilent: false,
    listeners: [],
    counter: 0,
    seq: 0,
    incarnation: world.wall(),
    acquaintances: new Map(),
    statements: [],
    newest: new Map(),
    sent: 0,
    received: 0,
  };
  world.listen(endpoint, (bytes, from) => receive(puppet, bytes, from));
  return puppet;
}

/** Says who it is, to a node that does not know it yet; what comes back is acknowledged, and then its word counts there. */
export function greet(puppet: Puppet, to: Target): void {
  const known = acquaintanceWith(puppet, to);
  if (known === undefined || known.isProven || puppet.world.now() - known.greetedAt < GREET_AGAIN_MS) return;
  known.greetedAt = puppet.world.now();
  knock(puppet, to);
}

/** The same, also where it has yet to learn who is there. */
export function knock(puppet: Puppet, to: Target): void {
  sendOpen(puppet, to, [ownStatement(puppet), { type: "ping" }]);
}

/** Whether its word counts there. */
export function isKnownTo(puppet: Puppet, to: Target): boolean {
  return acquaintanceWith(puppet, to)?.isProven === true;
}

export type SendOptions = {
  /** The address that the datagram claims to come from. */
  readonly from?: Endpoint;
};

/** In as many datagrams as it takes. To one that does not know it yet it says who it is instead. */
export function send(puppet: Puppet, to: Target, frames: readonly Frame[], options: SendOptions = {}): void {
  if (!isKnownTo(puppet, to)) return greet(puppet, to);
  let inner: Uint8Array[] = [];
  let size = 0;
  const flush = (): void => {
    if (size > 0) sendInner(puppet, to, Buffer.concat(inner), options);
    inner = [];
    size = 0;
  };
  for (const frame of frames) {
    const bytes = encodeFrame(frame);
    if (size + bytes.length > FRAMES_BYTES_MAX) flush();
    inner.push(bytes);
    size += bytes.length;
  }
  flush();
}

/** Any bytes in place of frames, sealed as they should be. */
export function sendInner(puppet: Puppet, to: Target, inner: Uint8Array, { from }: SendOptions = {}): void {
  const boot = to.boot();
  const known = acquaintanceWith(puppet, to);
  if (boot !== undefined && known !== undefined) transmit(puppet, linked(puppet, known, boot, inner), to, from);
}

/** For whoever is at the address, padded as a contact is. */
export function sendOpen(puppet: Puppet, to: Target, frames: readonly Frame[], { from }: SendOptions = {}): void {
  const key = bootKey(puppet.world.roomKeys, puppet.boot);
  const sealing = { type: "open", as: puppet.boot, counter: takeCounter(puppet), to: undefined, key } as const;
  transmit(puppet, sealAs(puppet, sealing, padded(Buffer.concat(frames.map(encodeFrame)))), to, from);
}

export type Forgery = {
  readonly type: DatagramType;
  /** The process start in whose name it is. */
  readonly as: BootId;
  readonly counter: number;
  readonly from: Endpoint;
};

/**
 * A datagram in another's name, as far as the room's key goes: a hello opens. For a linked one it lacks the key, and takes the one
 * of the hellos, or the one that it shares with the receiver itself.
 */
export function forge(
  puppet: Puppet,
  to: Target,
  frames: readonly Frame[],
  { type, as, counter, from }: Forgery,
): void {
  const boot = to.boot();
  const known = acquaintanceWith(puppet, to);
  if (boot === undefined || known === undefined) return;
  const inner = Buffer.concat(frames.map(encodeFrame));
  const key = type === "linked" && counter % 2 === 0 ? known.keys.send : bootKey(puppet.world.roomKeys, as);
  const sealing = { type, as, counter, to: type === "addressed" ? boot : undefined, key };
  transmit(puppet, sealAs(puppet, sealing, type === "open" ? padded(inner) : inner), to, from);
}

/** Somebody's datagram once more, as it was. */
export function replay(puppet: Puppet, to: Endpoint, bytes: Uint8Array, from: Endpoint): void {
  if (puppet.isSilent) return;
  puppet.sent += 1;
  puppet.world.transmit(bytes, from, to);
}

/**
 * Acknowledges what the node has sent elsewhere, by guessing: it knows the counter of what came here last, and no echo.
 * `isVeiled`: the echo belongs to a counter that the node has never used.
 */
export function guessedAck(puppet: Puppet, to: Target, isVeiled = false): Frame {
  const last = Math.max(acquaintanceWith(puppet, to)?.highest ?? 0, 0);
  const guesses = Array.from({ length: 32 }, (_, index) => last + 32 - index);
  const counters = isVeiled ? [COUNTER_MAX, ...guesses.slice(1)] : guesses;
  return { type: "ack", counters, delayMs: 0, echo: puppet.world.rng.u32() };
}

/** A new statement of its own; each is newer than the one before, unless `change` says otherwise. */
export function ownStatement(puppet: Puppet, change: Partial<StatementContent> = {}): Frame & { type: "statement" } {
  puppet.incarnation += 1;
  return { type: "statement", bytes: signAs(puppet, puppet.identity, change) };
}

/** A statement by another key. */
export function statementBy(
  puppet: Puppet,
  identity: Identity,
  change: Partial<StatementContent>,
): Frame & { type: "statement" } {
  return { type: "statement", bytes: signAs(puppet, identity, change) };
}

/** A text of its own. */
export function sayText(puppet: Puppet, text: string, change: Partial<Omit<Envelope, "author">> = {}): SignedMessage {
  puppet.seq += 1;
  const { roomKeys, wall } = puppet.world;
  const envelope = {
    seq: puppet.seq,
    hlc: wall(),
    parents: [],
    target: undefined,
    ...encodeBody("text", puppet.nick, text),
  };
  const message = signMessage(roomKeys, puppet.identity, { ...envelope, ...change });
  puppet.world.said(message);
  return message;
}

// --- internal ---

function acquaintanceWith(puppet: Puppet, target: Target): Acquaintance | undefined {
  const boot = target.boot();
  if (boot === undefined) return undefined;
  const known = puppet.acquaintances.get(boot);
  if (known !== undefined) return known;
  const key = puppet.world.linkKeyOf(boot);
  if (key === undefined) return undefined;
  const keys = pairKeys(puppet.world.roomKeys, startOf(puppet.boot), { boot, key }) as PairKeys;
  const met = { target, keys, greetedAt: Number.NEGATIVE_INFINITY, isProven: false, highest: -1 };
  puppet.acquaintances.set(boot, met);
  return met;
}

function signAs(puppet: Puppet, identity: Identity, change: Partial<StatementContent>): Uint8Array {
  const { boot, incarnation, nick, endpoint } = puppet;
  const base = { incarnation, status: "alive", nick, endpoints: [endpoint], extensions: noExtensions } as const;
  const start = { boot, linkKey: linkKeysOf(change.boot ?? boot).publicKey };
  return signStatement(puppet.world.roomKeys, identity, { ...base, ...start, ...change }).bytes;
}

function takeCounter(puppet: Puppet): number {
  puppet.counter += 1;
  return puppet.counter;
}

type Sealing = {
  readonly type: DatagramType;
  readonly as: BootId;
  readonly counter: number;
  readonly to: BootId | undefined;
  readonly key: Uint8Array;
};

function sealAs({ world }: Puppet, { type, as, counter, to, key }: Sealing, inner: Uint8Array): Uint8Array {
  const salt = world.rng.u32();
  return seal(key, { type, roomTag: world.roomKeys.tag, boot: as, counter, salt }, to, inner);
}

function linked(puppet: Puppet, { keys }: Acquaintance, to: BootId, inner: Uint8Array): Uint8Array {
  const counter = takeCounter(puppet);
  return sealAs(puppet, { type: "linked", as: puppet.boot, counter, to, key: keys.send }, inner);
}

function padded(inner: Uint8Array): Uint8Array {
  return Buffer.concat([inner, Buffer.alloc(FRAMES_BYTES_MAX - inner.length)]);
}

function transmit(puppet: Puppet, bytes: Uint8Array, to: Target, from: Endpoint = puppet.endpoint): void {
  if (puppet.isSilent) return;
  puppet.sent += 1;
  puppet.world.transmit(bytes, from, to.endpoint);
}

function receive(puppet: Puppet, bytes: Uint8Array, from: Endpoint): void {
  const header = decodeHeader(bytes);
  if (puppet.isSilent || typeof header === "string" || header.boot === puppet.boot) return;
  const { roomKeys, targets } = puppet.world;
  const target = targets.find((candidate) => candidate.boot() === header.boot);
  const known = target === undefined ? undefined : acquaintanceWith(puppet, target);
  if (target === undefined || known === undefined) return;
  const isLinked = header.type === "linked";
  const inner = open(isLinked ? known.keys.receive : bootKey(roomKeys, header.boot), header, puppet.boot, bytes);
  const frames = inner === undefined ? "bad-frame" : decodeFrames(inner);
  if (frames === "bad-frame") return;
  puppet.received += 1;
  if (isLinked) known.highest = Math.max(known.highest, header.counter);
  for (const frame of frames) if (frame.type === "statement") remember(puppet, frame.bytes);
  if (puppet.isAnswering && frames.some(elicitsAck)) {
    const ack = encodeFrame({ type: "ack", counters: [header.counter], delayMs: 0, echo: echoOf(bytes) });
    transmit(puppet, linked(puppet, known, header.boot, ack), { ...target, endpoint: from });
    known.isProven = true;
  }
  for (const listener of puppet.listeners) listener(frames, target);
}

function remember(puppet: Puppet, bytes: Uint8Array): void {
  const content = readStatement(bytes)?.content;
  if (content === undefined) return;
  if (puppet.statements.length >= STATEMENTS_MAX) puppet.statements.shift();
  puppet.statements.push(bytes);
  const known = puppet.newest.get(content.peer);
  if (puppet.world.targets.some(({ id }) => id === content.peer) && (known?.incarnation ?? -1) < content.incarnation)
    puppet.newest.set(content.peer, content);
}
