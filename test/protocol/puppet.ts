/** A member moved by hand: it has a key and the room's key, seals what a test wants, and answers nothing by itself. */
import { type Identity, identityFromSeed } from "../../src/crypto/identity.ts";
import { bootKey, open, seal } from "../../src/crypto/roomKeys.ts";
import { type SignedMessage, signMessage, signStatement } from "../../src/crypto/signed.ts";
import type { Effect } from "../../src/protocol/api.ts";
import { linkKeysOf } from "../../src/sim/world/linkKeys.ts";
import { decodeHeader, echoOf, FRAMES_BYTES_MAX, type Header } from "../../src/wire/datagram.ts";
import type { Endpoint } from "../../src/wire/endpoint.ts";
import { noExtensions } from "../../src/wire/extensions.ts";
import { ACK_COUNTERS_MAX, decodeFrames, encodeFrame, type Frame } from "../../src/wire/frames.ts";
import type { BootId, MessageId, PeerId } from "../../src/wire/ids.ts";
import type { StatementContent } from "../../src/wire/statement.ts";
import { type Said, unsigned } from "../suites/said.ts";
import { bootFrom, keyOf, roomKeys, type TestNode, WALL, type World } from "./fixtures.ts";

export type Answer = { readonly header: Header; readonly frames: readonly Frame[]; readonly bytes: number };

export type Puppet = {
  readonly identity: Identity;
  readonly id: PeerId;
  readonly boot: BootId;
  readonly endpoint: Endpoint;
  /** A datagram with these frames; linked with the node's boot, or open and padded. */
  readonly sealed: (frames: readonly Frame[], to: BootId | undefined) => Uint8Array;
  readonly sealedBytes: (inner: Uint8Array, to: BootId | undefined) => Uint8Array;
  /** Introduces itself to the node, which is then able to open what comes linked. `tell` does it at first. */
  readonly meet: (node: TestNode, from?: Endpoint) => void;
  /** As any member could seal it: for this boot alone. */
  readonly addressed: (frames: readonly Frame[], to: BootId) => Uint8Array;
  /** Acknowledges these datagrams of a node, as far as this puppet has opened them. */
  readonly ack: (counters: readonly number[]) => Frame;
  /** Its next datagram has this counter. */
  readonly countFrom: (next: number) => void;
  /** Hands the frames to the node in one datagram; what comes back in the same step to this address is opened. */
  readonly tell: (node: TestNode, frames: readonly Frame[], options?: TellOptions) => Answer[];
  /** Acknowledges what the node sends, so that its session there counts as proven; and says who it is. */
  readonly prove: (node: TestNode) => void;
  readonly opened: (bytes: Uint8Array) => Answer | undefined;
  readonly statement: (change?: Partial<StatementContent>) => Frame & { type: "statement" };
  readonly message: (change?: Said) => SignedMessage;
};

/** It rests on the word of its sender, and changes nothing. */
export const receiptOfNothing: Frame = {
  type: "receipt",
  id: "00".repeat(24) as MessageId,
  slice: { order: 0, lo: 0, last: 0xffffffff },
  reached: 0,
  of: 0,
  lacking: [],
};

export type TellOptions = { readonly from?: Endpoint; readonly isOpen?: boolean };

export function createPuppet(world: World, name: string, host = 200): Puppet {
  const identity = identityFromSeed(Buffer.alloc(32, `puppet ${name} `));
  const boot = bootFrom(world.rng);
  const endpoint = `10.0.1.${host}:62733` as Endpoint;
  /** What the datagrams with these counters ask to be given back. */
  const echoes = new Map<number, number>();
  /** Process starts that it has introduced itself to. */
  const met = new Set<BootId>();
  let counter = 0;
  let seq = 0;

  const sealedBytes = (inner: Uint8Array, to: BootId | undefined): Uint8Array => {
    return sealAs(to === undefined ? "open" : "linked", inner, to);
  };
  const sealAs = (type: Header["type"], inner: Uint8Array, to: BootId | undefined): Uint8Array => {
    const header: Header = { type, roomTag: roomKeys.tag, boot, counter, salt: 0 };
    counter += 1;
    return seal(to === undefined ? bootKey(roomKeys, boot) : keyOf(header, to), header, to, inner);
  };
  const puppet: Puppet = {
    identity,
    id: identity.id,
    boot,
    endpoint,
    sealedBytes,
    countFrom: (next) => {
      counter = next;
    },
    sealed: (frames, to) => {
      const inner = Buffer.concat(frames.map(encodeFrame));
      const padding = to === undefined ? Buffer.alloc(FRAMES_BYTES_MAX - inner.length) : Buffer.alloc(0);
      return sealedBytes(Buffer.concat([inner, padding]), to);
    },
    meet: (node, from = endpoint) => {
      if (met.has(node.boot)) return;
      met.add(node.boot);
      node.step({ type: "datagram", bytes: puppet.addressed([puppet.statement()], node.boot), from });
    },
    addressed: (frames, to) => sealAs("addressed", Buffer.concat(frames.map(encodeFrame)), to),
    ack: (counters) => ({ type: "ack", counters, delayMs: 0, echo: echoes.get(counters[0] ?? -1) ?? 0 }),
    opened: (bytes) => {
      const header = decodeHeader(bytes);
      if (typeof header === "string") return undefined;
      const inner = open(keyOf(header, boot), header, boot, bytes);
      if (inner !== undefined) echoes.set(header.counter, echoOf(bytes));
      const frames = inner === undefined ? "bad-frame" : decodeFrames(inner);
      return frames === "bad-frame" ? undefined : { header, frames, bytes: bytes.length };
    },
    tell: (node, frames, { from = endpoint, isOpen = false } = {}) => {
      if (!isOpen) puppet.meet(node, from);
      const bytes = puppet.sealed(frames, isOpen ? undefined : node.boot);
      return answersIn(node.step({ type: "datagram", bytes, from }), from);
    },
    prove: (node) => {
      const [answer] = puppet.tell(node, [puppet.statement(), { type: "ping" }]);
      // Of the answer nothing asks for an acknowledgement; a frame that needs proof draws a challenge.
      const challenge = puppet.tell(node, [receiptOfNothing]).at(-1) ?? answer;
      if (challenge === undefined) throw new Error("no challenge");
      puppet.tell(node, [puppet.ack([challenge.header.counter])]);
      // What came before is under way no more.
      const opened = [...echoes.keys()].toSorted((a, b) => b - a);
      for (let at = 0; at < opened.length; at += ACK_COUNTERS_MAX)
        puppet.tell(node, [puppet.ack(opened.slice(at, at + ACK_COUNTERS_MAX))]);
    },
    statement: (change = {}) => {
      const where = { endpoints: [endpoint], extensions: noExtensions };
      const base = {
        boot,
        linkKey: linkKeysOf(boot).publicKey,
        incarnation: WALL,
        status: "alive",
        nick: name,
        ...where,
      } as const;
      return { type: "statement", bytes: signStatement(roomKeys, identity, { ...base, ...change }).bytes };
    },
    message: (change = {}) => {
      seq += 1;
      const hlc = WALL + Math.floor(world.now());
      return signMessage(roomKeys, identity, unsigned({ seq, hlc, nick: name, text: `${name} ${seq}`, ...change }));
    },
  };
  const answersIn = (effects: readonly Effect[], at: Endpoint): Answer[] =>
    effects.flatMap((effect) => {
      const answer = effect.type === "transmit" && effect.to === at ? puppet.opened(effect.bytes) : undefined;
      return answer === undefined ? [] : [answer];
    });
  return puppet;
}

/** A puppet that acknowledges whatever comes, and answers frames. */
export function answering(
  world: World,
  name: string,
  host: number,
  answer: (frame: Frame) => readonly Frame[] = () => [],
): Puppet {
  const puppet = createPuppet(world, name, host);
  world.listen(puppet.endpoint, (bytes, from) => {
    const received = puppet.opened(bytes);
    if (received === undefined) return;
    const { counter, boot } = received.header;
    const frames: Frame[] = [puppet.ack([counter]), ...received.frames.flatMap(answer)];
    world.send(puppet.sealed(frames, boot), puppet.endpoint, from);
  });
  return puppet;
}
