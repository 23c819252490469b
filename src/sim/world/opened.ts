/** Opens the datagrams on the virtual network with the keys of their room and of their links. */
import { type PairKeys, pairKeys } from "../../crypto/linkKeys.ts";
import { bootKey, createRoomKeys, open, type RoomSecret, seal } from "../../crypto/roomKeys.ts";
import { decodeHeader, type Header } from "../../wire/datagram.ts";
import type { Endpoint } from "../../wire/endpoint.ts";
import { decodeFrames, encodeFrame, type Frame } from "../../wire/frames.ts";
import type { BootId } from "../../wire/ids.ts";
import { linkKeysOf } from "./linkKeys.ts";

export type Opened = {
  readonly header: Header;
  readonly frames: readonly Frame[];
  readonly from: Endpoint;
  readonly to: Endpoint;
  /** For whom it is, if anyone is there. */
  readonly addressee: BootId;
};

export type Opener = {
  /** Undefined: of another room, damaged, or for nobody who is there now. */
  readonly open: (bytes: Uint8Array, from: Endpoint, to: Endpoint) => Opened | undefined;
  /** Another datagram of the same sender to the same process start, with this frame. */
  readonly beside: (bytes: Uint8Array, to: Endpoint, frame: Frame) => Uint8Array | undefined;
};

/** Above every counter of a run: no acknowledgement of what goes beside is taken for another. */
const BESIDE = 2 ** 40;

/** `bootAt`: the node of this room that is there now. */
export function createOpener(room: RoomSecret, bootAt: (endpoint: Endpoint) => BootId | undefined): Opener {
  const roomKeys = createRoomKeys(room);
  /** BOUNDED: by the pairs of process starts of a run. */
  const keys = new Map<string, Uint8Array>();
  const keyOf = ({ type, boot }: Header, addressee: BootId): Uint8Array => {
    const pair = type === "linked" ? `${boot} ${addressee}` : boot;
    const key = keys.get(pair) ?? (type === "linked" ? linkKey(boot, addressee) : bootKey(roomKeys, boot));
    keys.set(pair, key);
    return key;
  };
  const linkKey = (from: BootId, to: BootId): Uint8Array => {
    const own = { boot: from, key: linkKeysOf(from) };
    return (pairKeys(roomKeys, own, { boot: to, key: linkKeysOf(to).publicKey }) as PairKeys).send;
  };
  const innerOf = (bytes: Uint8Array, to: Endpoint) => {
    const header = decodeHeader(bytes);
    const addressee = bootAt(to);
    if (typeof header === "string" || header.roomTag !== roomKeys.tag || addressee === undefined) return undefined;
    const inner = open(keyOf(header, addressee), header, addressee, bytes);
    return inner === undefined ? undefined : { header, inner, addressee };
  };
  return {
    open: (bytes, from, to) => {
      const found = innerOf(bytes, to);
      const frames = found === undefined ? "bad-frame" : decodeFrames(found.inner);
      if (found === undefined || frames === "bad-frame") return undefined;
      return { header: found.header, frames, from, to, addressee: found.addressee };
    },
    beside: (bytes, to, frame) => {
      const found = innerOf(bytes, to);
      if (found === undefined) return undefined;
      const header: Header = { ...found.header, type: "addressed", counter: found.header.counter + BESIDE };
      return seal(keyOf(header, found.addressee), header, found.addressee, encodeFrame(frame));
    },
  };
}
