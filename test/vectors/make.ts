/**
 * The golden vectors, made from fixed values: what the JSON files beside this one must hold, byte for byte. They are the
 * protocol's promise to every other version and implementation. `UPDATE_VECTORS=1 npx vitest run test/crypto/vectors.test.ts`
 * writes them anew; whoever does that changes the protocol, and says so in WIRE_VERSION and in the labels of PROTOCOL.md.
 */
import { beaconKey, sealBeacon } from "../../src/crypto/beacon.ts";
import { identityFromSeed, tagOf } from "../../src/crypto/identity.ts";
import { bootKey, createRoomKeys, roomKeyFromName, seal } from "../../src/crypto/roomKeys.ts";
import { signMessage, signStatement } from "../../src/crypto/signed.ts";
import { type Beacon, encodeBeacon } from "../../src/wire/beacon.ts";
import { encodeHeader, type Header } from "../../src/wire/datagram.ts";
import type { Endpoint } from "../../src/wire/endpoint.ts";
import { END, encodeFrame, type Frame } from "../../src/wire/frames.ts";
import { type BootId, type MessageId, type PeerId, toHex } from "../../src/wire/ids.ts";

/** File name without `.json` to content; bytes are hex. */
export function makeVectors(): Record<string, unknown> {
  return {
    keys: makeKeys(),
    frames: makeFrames(),
    datagrams: makeDatagrams(),
    beacons: makeBeacons(),
    signed: makeSigned(),
  };
}

/** `frame` with its bytes as hex, as it stands in JSON. */
export function frameAsJson(frame: Frame): Record<string, unknown> {
  return Object.fromEntries(Object.entries(frame).map(([name, value]) => [name, asJson(value)]));
}

// --- internal ---

function asJson(value: unknown): unknown {
  if (value instanceof Uint8Array) return toHex(value);
  return Array.isArray(value) ? value.map(asJson) : value;
}

const ANNA = identityFromSeed(new Uint8Array(32).fill(0x0a));
const BOB = identityFromSeed(new Uint8Array(32).fill(0x0b));
const ROOM_NAMES = ["smplchat", "größe"];
const ROOM = createRoomKeys(roomKeyFromName("smplchat"));
const PRIVATE_ROOM = createRoomKeys(new Uint8Array(32).fill(0x5a));
const ANNA_BOOT = "a0a1a2a3a4a5a6a7" as BootId;
const BOB_BOOT = "b0b1b2b3b4b5b6b7" as BootId;
/** 2026-01-31T12:00:00.000Z */
const NOON = 1_769_860_800_000;

const HELLO = signMessage(ROOM, ANNA, { seq: 0, hlc: NOON, kind: "text", parents: [], nick: "anna", text: "hi" });
const WAVE = signMessage(ROOM, BOB, {
  seq: 300,
  hlc: NOON + 1,
  kind: "action",
  parents: [HELLO.id],
  nick: "bób",
  text: "waves 👋",
});
const ALIVE = signStatement(ROOM, ANNA, {
  boot: ANNA_BOOT,
  incarnation: NOON,
  status: "alive",
  nick: "anna",
  endpoints: ["10.0.0.1:62733" as Endpoint, "[2001:db8::1]:62734" as Endpoint],
});
const LEFT = signStatement(ROOM, BOB, { boot: BOB_BOOT, incarnation: 1, status: "left", nick: "", endpoints: [] });

function makeKeys(): unknown {
  const rooms = [
    ...ROOM_NAMES.map((name) => ({ name, roomKeys: createRoomKeys(roomKeyFromName(name)) })),
    { roomKeys: PRIVATE_ROOM },
  ];
  return {
    rooms: rooms.map(({ roomKeys, ...named }) => ({
      ...named,
      key: toHex(roomKeys.key),
      tag: roomKeys.tag,
      id: toHex(roomKeys.id),
      beaconKey: toHex(beaconKey(roomKeys)),
      boots: [ANNA_BOOT, BOB_BOOT].map((boot) => ({ boot, key: toHex(bootKey(roomKeys, boot)) })),
    })),
    identities: [ANNA, BOB].map(({ id, seed }) => ({ seed: toHex(seed), id, tag: tagOf(id) })),
  };
}

function makeFrames(): unknown {
  const slice = { order: 1, lo: 0x40000000, last: 0xbfffffff };
  const prefixes = [HELLO.id.slice(0, 24), WAVE.id.slice(0, 24)];
  const claim = { set: "log", lo: "", hi: END, count: 300, fingerprint: "000102030405060708090a0b" } as const;
  const frames: Frame[] = [
    { type: "padding", bytes: 4 },
    { type: "ack", counters: [300, 299, 297, 0], delayMs: 7 },
    { type: "ping" },
    {
      type: "digest",
      log: { count: 300, fingerprint: "0001020304050607" },
      horizon: 0,
      roster: { count: 12, fingerprint: "08090a0b0c0d0e0f" },
    },
    { type: "observed", endpoint: "10.0.0.2:62733" as Endpoint, wall: NOON },
    { type: "observed", endpoint: "[2001:db8::2]:62733" as Endpoint, wall: NOON },
    { type: "statement", bytes: ALIVE.bytes },
    { type: "suspect", peer: ANNA.id, incarnation: NOON, accuser: BOB.id.slice(0, 16) },
    { type: "probeRequest", target: ANNA.id, introduce: false },
    { type: "probeRequest", target: ANNA.id, introduce: true },
    { type: "probeReply", target: ANNA.id, answered: true },
    { type: "probeReply", target: ANNA.id, answered: false },
    { type: "introduce", peer: ANNA.id, endpoint: "203.0.113.7:62733" as Endpoint },
    { type: "push", slice, message: HELLO.bytes },
    { type: "brief", slice, front: ANNA.id.slice(0, 16), rest: HELLO.bytes.subarray(32) },
    { type: "advertise", slice, id: HELLO.id },
    { type: "want", set: "log", prefixes },
    { type: "message", bytes: HELLO.bytes },
    { type: "ranges", set: "log", lo: "", parts: [{ hi: END, count: claim.count, fingerprint: claim.fingerprint }] },
    {
      type: "ranges",
      set: "roster",
      lo: "01",
      parts: [
        { hi: "7f", count: 2, fingerprint: claim.fingerprint },
        { hi: "ff".repeat(24), count: 0, fingerprint: "" },
      ],
    },
    { type: "list", set: "log", lo: HELLO.id, hi: "ff01", prefixes },
    {
      type: "fetch",
      set: "log",
      number: 7,
      credit: 8,
      stretches: [
        { lo: HELLO.id, hi: END },
        { lo: "", hi: "01" },
      ],
    },
    { type: "same", ...claim, lo: HELLO.id, count: 1 },
    {
      type: "receipt",
      id: HELLO.id,
      slice: { order: 1, lo: 7, last: 0xfffffff0 },
      reached: 11,
      of: 12,
      lacking: [BOB.id.slice(0, 16)],
    },
    { type: "offer", slice, id: HELLO.id, bytes: 65_812 },
    { type: "announce", id: HELLO.id, bytes: 1_154 },
    { type: "wantChunks", id: HELLO.id, chunks: [0, 1, 9, 64] },
    {
      type: "page",
      set: "log",
      number: 7,
      index: 2,
      isLast: true,
      lo: HELLO.id,
      hi: END,
      items: [WAVE.bytes, { id: HELLO.id, bytes: 65_812 }],
    },
    { type: "page", set: "roster", number: 255, index: 0, isLast: false, lo: "01", hi: "ff", items: [] },
    { type: "chunk", id: HELLO.id, total: 1_154, index: 1, bytes: new Uint8Array(130).fill(0x2e) },
  ];
  return frames.map((frame) => ({ frame: frameAsJson(frame), bytes: toHex(encodeFrame(frame)) }));
}

function makeDatagrams(): unknown {
  const frames = Buffer.concat([encodeFrame({ type: "ping" }), encodeFrame({ type: "padding", bytes: 4 })]);
  const cases: readonly { header: Header; addressee?: BootId }[] = [
    { header: { type: "open", roomTag: ROOM.tag, boot: ANNA_BOOT, counter: 0 } },
    { header: { type: "addressed", roomTag: ROOM.tag, boot: ANNA_BOOT, counter: 2 ** 48 - 1 }, addressee: BOB_BOOT },
  ];
  return cases.map(({ header, addressee }) => ({
    roomKey: toHex(ROOM.key),
    header,
    ...(addressee === undefined ? {} : { addressee }),
    frames: toHex(frames),
    headerBytes: toHex(encodeHeader(header)),
    bytes: toHex(seal(bootKey(ROOM, header.boot), header, addressee, frames)),
  }));
}

function makeBeacons(): unknown {
  const nonce = Uint8Array.from({ length: 24 }, (_, index) => index);
  const beacons: readonly Beacon[] = [
    { boot: ANNA_BOOT, port: 62733, heard: [] },
    { boot: BOB_BOOT, port: 1, heard: [ANNA_BOOT, "c0c1c2c3c4c5c6c7" as BootId] },
  ];
  return beacons.map((beacon) => ({
    roomKey: toHex(ROOM.key),
    nonce: toHex(nonce),
    beacon,
    plain: toHex(encodeBeacon(beacon)),
    bytes: toHex(sealBeacon(beaconKey(ROOM), nonce, beacon)),
  }));
}

function makeSigned(): unknown {
  const seeds = new Map<PeerId, string>([ANNA, BOB].map(({ id, seed }) => [id, toHex(seed)]));
  const roomKey = toHex(ROOM.key);
  return {
    messages: [HELLO, WAVE].map(({ id, content, bytes }) => ({
      roomKey,
      seed: seeds.get(content.author),
      content,
      id: id satisfies MessageId,
      bytes: toHex(bytes),
    })),
    statements: [ALIVE, LEFT].map(({ content, bytes }) => ({
      roomKey,
      seed: seeds.get(content.peer),
      content,
      bytes: toHex(bytes),
    })),
  };
}
