/** What is sealed is opened by whom it was sealed for, and by nobody else. */
import { createCipheriv } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { beaconKey } from "../../src/crypto/beacon.ts";
import {
  bootKey,
  createRoomKeys,
  isSameRoom,
  newPrivateRoom,
  open,
  openRoom,
  ROOM_ID_BYTES,
  ROOM_KEY_BYTES,
  seal,
} from "../../src/crypto/roomKeys.ts";
import { DATAGRAM_BYTES_MAX, decodeHeader, FRAMES_BYTES_MAX, type Header } from "../../src/wire/datagram.ts";
import type { BootId } from "../../src/wire/ids.ts";
import { bootArbitrary, bytesArbitrary, headerArbitrary } from "../wire/arbitraries.ts";

const roomKeys = createRoomKeys(openRoom("tea"));
const sender = "0102030405060708" as BootId;
const receiver = "1112131415161718" as BootId;
const header = (type: Header["type"], counter = 7): Header => ({
  type,
  roomTag: roomKeys.tag,
  boot: sender,
  counter,
  salt: 5,
});
const frames = Buffer.from("020202", "hex");

/** As a receiver does it: everything it knows of the sender stands in the datagram. */
function received(datagram: Uint8Array, own: BootId, inRoom = roomKeys): Uint8Array | undefined {
  const read = decodeHeader(datagram);
  return typeof read === "string" ? undefined : open(bootKey(inRoom, read.boot), read, own, datagram);
}

describe("a sealed datagram", () => {
  it("is opened by its addressee, up to the largest", () => {
    fc.assert(
      fc.property(headerArbitrary, bootArbitrary, bytesArbitrary(0, 300), (given, own, bytes) => {
        const datagram = seal(
          bootKey(roomKeys, given.boot),
          given,
          given.type === "addressed" ? own : undefined,
          bytes,
        );
        expect(received(datagram, own)).toEqual(bytes);
      }),
      { numRuns: 500 },
    );
    const full = seal(bootKey(roomKeys, sender), header("open"), undefined, new Uint8Array(FRAMES_BYTES_MAX));
    expect(full.length).toBe(DATAGRAM_BYTES_MAX);
    expect(received(full, receiver)).toHaveLength(FRAMES_BYTES_MAX);
  });

  it.each(["open", "addressed"] as const)("of type %s with any bit changed is not opened", (type) => {
    const datagram = seal(bootKey(roomKeys, sender), header(type), type === "open" ? undefined : receiver, frames);
    expect(received(datagram, receiver)).toEqual(frames);
    for (let bit = 0; bit < datagram.length * 8; bit += 1) {
      const changed = Buffer.from(datagram);
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(received(changed, receiver)).toBeUndefined();
    }
  });

  it("cut short or made longer is not opened", () => {
    const datagram = seal(bootKey(roomKeys, sender), header("open"), undefined, frames);
    for (let length = 0; length < datagram.length; length += 1)
      expect(received(datagram.subarray(0, length), receiver)).toBeUndefined();
    expect(received(Buffer.concat([datagram, Uint8Array.of(0)]), receiver)).toBeUndefined();
  });

  it("for one boot is junk to every other, and an open one is not", () => {
    fc.assert(
      fc.property(bootArbitrary, (other) => {
        fc.pre(other !== receiver);
        expect(received(seal(bootKey(roomKeys, sender), header("addressed"), receiver, frames), other)).toBeUndefined();
        expect(received(seal(bootKey(roomKeys, sender), header("open"), undefined, frames), other)).toEqual(frames);
      }),
    );
  });

  it("is junk in another room, even under that room's tag", () => {
    const other = createRoomKeys(openRoom("coffee"));
    const datagram = seal(bootKey(roomKeys, sender), header("open"), undefined, frames);
    expect(received(datagram, receiver, other)).toBeUndefined();
    const relabelled = seal(bootKey(roomKeys, sender), { ...header("open"), roomTag: other.tag }, undefined, frames);
    expect(received(relabelled, receiver, other)).toBeUndefined();
  });

  it("is junk under another counter, boot, type or tag than it was sealed with", () => {
    const key = bootKey(roomKeys, sender);
    const datagram = seal(key, header("addressed"), receiver, frames);
    expect(open(key, header("addressed"), receiver, datagram)).toEqual(frames);
    expect(open(key, header("addressed", 8), receiver, datagram)).toBeUndefined();
    expect(open(key, header("open"), receiver, datagram)).toBeUndefined();
    expect(open(bootKey(roomKeys, receiver), header("addressed"), receiver, datagram)).toBeUndefined();
  });

  it("tells nothing of its frames: two counters, two ciphertexts", () => {
    const key = bootKey(roomKeys, sender);
    const sealed = [1, 2].map((counter) => seal(key, header("open", counter), undefined, frames).subarray(19));
    expect(sealed[0]).not.toEqual(sealed[1]);
  });

  it("is ChaCha20-Poly1305 with salt and counter as nonce, as OpenSSL knows it", () => {
    const key = bootKey(roomKeys, sender);
    const nonce = Buffer.from("000000000005" + "0000000000ff", "hex");
    for (const type of ["open", "addressed"] as const) {
      const datagram = seal(key, header(type, 255), type === "open" ? undefined : receiver, frames);
      const cipher = createCipheriv("chacha20-poly1305", key, nonce, { authTagLength: 16 });
      const ad = [datagram.subarray(0, 25), ...(type === "open" ? [] : [Buffer.from(receiver, "hex")])];
      cipher.setAAD(Buffer.concat(ad), { plaintextLength: frames.length });
      const sealed = Buffer.concat([cipher.update(frames), cipher.final(), cipher.getAuthTag()]);
      expect(Buffer.from(datagram.subarray(25))).toEqual(sealed);
    }
  });
});

describe("a room", () => {
  it("has the same keys for everyone who knows its name", () => {
    expect(createRoomKeys(openRoom("tea"))).toEqual(roomKeys);
    expect(bootKey(roomKeys, sender)).toEqual(bootKey(createRoomKeys(openRoom("tea")), sender));
  });

  it("shares nothing with a room of another name, nor one boot with another", () => {
    const other = createRoomKeys(openRoom("Tea"));
    expect(other.key).not.toEqual(roomKeys.key);
    expect(other.tag).not.toBe(roomKeys.tag);
    expect(other.id).not.toEqual(roomKeys.id);
    expect(bootKey(other, sender)).not.toEqual(bootKey(roomKeys, sender));
    expect(bootKey(roomKeys, receiver)).not.toEqual(bootKey(roomKeys, sender));
  });

  it("gives away nothing of its key in its tag and id", () => {
    const derived = [roomKeys.id, bootKey(roomKeys, sender)].map((bytes) => Buffer.from(bytes).toString("hex"));
    expect(new Set([Buffer.from(roomKeys.key).toString("hex"), ...derived]).size).toBe(3);
    expect(roomKeys.tag).toMatch(/^[0-9a-f]{8}$/);
    for (const hex of derived) expect(hex.startsWith(roomKeys.tag)).toBe(false);
  });

  it("that is private has an id and a key of chance", () => {
    const made = Array.from({ length: 20 }, newPrivateRoom).flatMap(({ id, key }) => [id, key]);
    expect(new Set(made.map((bytes) => Buffer.from(bytes).toString("hex"))).size).toBe(40);
    expect(newPrivateRoom()).toMatchObject({
      epoch: 0,
      id: { length: ROOM_ID_BYTES },
      key: { length: ROOM_KEY_BYTES },
    });
  });

  it("keeps its id from key to key, and all that is sealed or seen from outside changes with the key", () => {
    const before = newPrivateRoom();
    const after = { ...before, epoch: 1, key: newPrivateRoom().key };
    const [one, other] = [createRoomKeys(before), createRoomKeys(after)];
    expect(other.id).toEqual(one.id);
    expect(other.tag).not.toBe(one.tag);
    expect(bootKey(other, sender)).not.toEqual(bootKey(one, sender));
    expect(beaconKey(other)).not.toEqual(beaconKey(one));
  });

  it("is the same with the same id and key alone", () => {
    const room = newPrivateRoom();
    expect(isSameRoom(room, { ...room, id: Uint8Array.from(room.id), key: Uint8Array.from(room.key) })).toBe(true);
    expect(isSameRoom(room, { ...room, key: newPrivateRoom().key })).toBe(false);
    expect(isSameRoom(room, { ...room, id: newPrivateRoom().id })).toBe(false);
    expect(isSameRoom(openRoom("tea"), openRoom("tea"))).toBe(true);
    expect(isSameRoom(openRoom("tea"), openRoom("Tea"))).toBe(false);
  });

  it("is not made of an id or key of another length", () => {
    const room = newPrivateRoom();
    for (const bytes of [new Uint8Array(31), new Uint8Array(33)]) {
      expect(() => createRoomKeys({ ...room, id: bytes })).toThrow(RangeError);
      expect(() => createRoomKeys({ ...room, key: bytes })).toThrow(RangeError);
    }
  });

  it("keeps its id and key when the bytes they came from are wiped", () => {
    const room = newPrivateRoom();
    const made = createRoomKeys(room);
    const kept = [room.id, room.key].map((bytes) => Buffer.from(bytes));
    room.id.fill(0);
    room.key.fill(0);
    expect([made.id, made.key].map((bytes) => Buffer.from(bytes))).toEqual(kept);
  });
});
