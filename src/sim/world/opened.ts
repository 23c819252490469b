/** Opens the datagrams on the virtual network with the key of their room. */
import { bootKey, createRoomKeys, open, type RoomSecret, seal } from "../../crypto/roomKeys.ts";
import { decodeHeader, FRAMES_BYTES_MAX, type Header } from "../../wire/datagram.ts";
import type { Endpoint } from "../../wire/endpoint.ts";
import { decodeFrames, encodeFrame, type Frame } from "../../wire/frames.ts";
import type { BootId } from "../../wire/ids.ts";

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
  /** The same datagram with one frame more, if that fits. */
  readonly append: (bytes: Uint8Array, to: Endpoint, frame: Frame) => Uint8Array;
};

/** `bootAt`: the node of this room that is there now. */
export function createOpener(room: RoomSecret, bootAt: (endpoint: Endpoint) => BootId | undefined): Opener {
  const roomKeys = createRoomKeys(room);
  /** BOUNDED: by the process starts of a run. */
  const keys = new Map<BootId, Uint8Array>();
  const keyOf = (boot: BootId): Uint8Array => {
    const key = keys.get(boot) ?? bootKey(roomKeys, boot);
    keys.set(boot, key);
    return key;
  };
  const innerOf = (bytes: Uint8Array, to: Endpoint) => {
    const header = decodeHeader(bytes);
    const addressee = bootAt(to);
    if (typeof header === "string" || header.roomTag !== roomKeys.tag || addressee === undefined) return undefined;
    const inner = open(keyOf(header.boot), header, addressee, bytes);
    return inner === undefined ? undefined : { header, inner, addressee };
  };
  return {
    open: (bytes, from, to) => {
      const found = innerOf(bytes, to);
      const frames = found === undefined ? "bad-frame" : decodeFrames(found.inner);
      if (found === undefined || frames === "bad-frame") return undefined;
      return { header: found.header, frames, from, to, addressee: found.addressee };
    },
    append: (bytes, to, frame) => {
      const found = innerOf(bytes, to);
      const more = encodeFrame(frame);
      // Where it is padded there is no room, as padding goes to the end.
      if (found === undefined || found.inner.length + more.length > FRAMES_BYTES_MAX) return bytes;
      const { header, inner, addressee } = found;
      const sealedFor = header.type === "addressed" ? addressee : undefined;
      return seal(keyOf(header.boot), header, sealedFor, Buffer.concat([inner, more]));
    },
  };
}
