/** A member moved by hand: it has a key and the room's key, seals what a test wants, and answers nothing by itself. */
import { type Identity, identityFromSeed } from "../../src/crypto/identity.ts";
import { bootKey, open, seal } from "../../src/crypto/roomKeys.ts";
import { type SignedMessage, signMessage, signStatement } from "../../src/crypto/signed.ts";
import type { Effect } from "../../src/protocol/api.ts";
import { decodeHeader, FRAMES_BYTES_MAX, type Header } from "../../src/wire/datagram.ts";
import type { Endpoint } from "../../src/wire/endpoint.ts";
import { noExtensions } from "../../src/wire/extensions.ts";
import { decodeFrames, encodeFrame, type Frame } from "../../src/wire/frames.ts";
import type { BootId, MessageId, PeerId } from "../../src/wire/ids.ts";
import type { StatementContent } from "../../src/wire/statement.ts";
import { type Said, unsigned } from "../suites/said.ts";
import { bootFrom, roomKeys, type TestNode, WALL, type World } from "./fixtures.ts";

export type Answer = { readonly header: Header; readonly frames: readonly Frame[]; readonly bytes: number };

export type Puppet = {
  readonly identity: Identity;
  readonly id: PeerId;
  readonly boot: BootId;
  readonly endpoint: Endpoint;
  /** A datagram with these frames; addressed to the node's boot, or open and padded. */
  readonly sealed: (frames: readonly Frame[], to: BootId | undefined) => Uint8Array;
  readonly sealedBytes: (inner: Uint8Array, to: BootId | undefined) => Uint8Array;
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
  const key = bootKey(roomKeys, boot);
  let counter = 0;
  let seq = 0;

  const sealedBytes = (inner: Uint8Array, to: BootId | undefined): Uint8Array => {
    const header: Header = { type: to === undefined ? "open" : "addressed", roomTag: roomKeys.tag, boot, counter };
    counter += 1;
    return seal(key, header, to, inner);
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
    opened: (bytes) => {
      const header = decodeHeader(bytes);
      if (typeof header === "string") return undefined;
      const inner = open(bootKey(roomKeys, header.boot), header, boot, bytes);
      const frames = inner === undefined ? "bad-frame" : decodeFrames(inner);
      return frames === "bad-frame" ? undefined : { header, frames, bytes: bytes.length };
    },
    tell: (node, frames, { from = endpoint, isOpen = false } = {}) => {
      const bytes = puppet.sealed(frames, isOpen ? undefined : node.boot);
      return answersIn(node.step({ type: "datagram", bytes, from }), from);
    },
    prove: (node) => {
      const [answer] = puppet.tell(node, [puppet.statement(), { type: "ping" }]);
      // Of the answer nothing asks for an acknowledgement; a frame that needs proof draws a challenge.
      const challenge = puppet.tell(node, [receiptOfNothing]).at(-1) ?? answer;
      if (challenge === undefined) throw new Error("no challenge");
      puppet.tell(node, [{ type: "ack", counters: [challenge.header.counter], delayMs: 0 }]);
    },
    statement: (change = {}) => {
      const where = { endpoints: [endpoint], extensions: noExtensions };
      const base = { boot, incarnation: WALL, status: "alive", nick: name, ...where } as const;
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
    const frames: Frame[] = [{ type: "ack", counters: [counter], delayMs: 0 }, ...received.frames.flatMap(answer)];
    world.send(puppet.sealed(frames, boot), puppet.endpoint, from);
  });
  return puppet;
}
