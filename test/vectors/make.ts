/**
 * The golden vectors, made from fixed values: what the JSON files beside this one must hold, byte for byte. They are the
 * protocol's promise to every other version and implementation. `UPDATE_VECTORS=1 npx vitest run test/crypto/vectors.test.ts`
 * writes them anew; whoever does that changes the protocol, and says so in WIRE_VERSION and in the labels of PROTOCOL.md.
 */
import { beaconKey, sealBeacon } from "../../src/crypto/beacon.ts";
import { blake2b } from "../../src/crypto/hash.ts";
import { identityFromSeed, tagOf } from "../../src/crypto/identity.ts";
import { encodeInvite, INVITE_PREFIX, type Invite } from "../../src/crypto/invite.ts";
import { linkKeysFrom, type PairKeys, pairKeys } from "../../src/crypto/linkKeys.ts";
import { bootKey, createRoomKeys, openRoom, type RoomKeys, seal, shortIdKey } from "../../src/crypto/roomKeys.ts";
import {
  eraseMessage,
  readMessage,
  type SignedMessage,
  type SignedStatement,
  signMessage,
  signStatement,
} from "../../src/crypto/signed.ts";
import { createOrderedSet } from "../../src/protocol/idset/orderedSet.ts";
import { hashOfShort, shortIdOf } from "../../src/protocol/idset/shortIds.ts";
import { rosterId } from "../../src/protocol/membership/roster.ts";
import { type Beacon, encodeBeacon } from "../../src/wire/beacon.ts";
import { decodeBody } from "../../src/wire/bodies/body.ts";
import { DELETE_KIND, kindNumber } from "../../src/wire/bodies/kinds.ts";
import { encodeTextBody } from "../../src/wire/bodies/text.ts";
import { createWriter } from "../../src/wire/cursor.ts";
import { encodeHeader, type Header } from "../../src/wire/datagram.ts";
import type { Endpoint } from "../../src/wire/endpoint.ts";
import { MESSAGE_BYTES_MAX } from "../../src/wire/envelope.ts";
import { noExtensions, writeExtensions } from "../../src/wire/extensions.ts";
import { END, encodeFrame, type Frame } from "../../src/wire/frames.ts";
import { type BootId, type MessageId, type PeerId, toHex } from "../../src/wire/ids.ts";
import { programExtensions } from "../../src/wire/statement.ts";
import { unsigned } from "../suites/said.ts";

/** File name without `.json` to content; bytes are hex. */
export function makeVectors(): Record<string, unknown> {
  return {
    keys: makeKeys(),
    frames: makeFrames(),
    datagrams: makeDatagrams(),
    beacons: makeBeacons(),
    signed: makeSigned(),
    invites: makeInvites(),
    shortIds: makeShortIds(),
  };
}

/** `value` as it stands in JSON: bytes as hex, extensions by their keys, and nothing for what is not there. */
export function asJson(value: unknown): unknown {
  if (value instanceof Uint8Array) return toHex(value);
  if (Array.isArray(value)) return value.map(asJson);
  if (value instanceof Map) return asJson(Object.fromEntries(value));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, part]) => part !== undefined);
  return Object.fromEntries(entries.map(([name, part]) => [name, asJson(part)]));
}

// --- internal ---

const ANNA = identityFromSeed(new Uint8Array(32).fill(0x0a));
const BOB = identityFromSeed(new Uint8Array(32).fill(0x0b));
const ROOM_NAMES = ["smplchat", "größe"];
const ROOM = createRoomKeys(openRoom("smplchat"));
const PRIVATE_ROOM = createRoomKeys({
  id: new Uint8Array(32).fill(0x1d),
  epoch: 300,
  key: new Uint8Array(32).fill(0x5a),
});
const ANNA_BOOT = "a0a1a2a3a4a5a6a7" as BootId;
const BOB_BOOT = "b0b1b2b3b4b5b6b7" as BootId;
/** 2026-01-31T12:00:00.000Z */
const NOON = 1_769_860_800_000;

const ANNA_SAID = unsigned({ hlc: NOON, nick: "anna", text: "hi" });
const HELLO = signMessage(ROOM, ANNA, ANNA_SAID);
const WAVE = signMessage(
  ROOM,
  BOB,
  unsigned({ seq: 300, hlc: NOON + 1, kind: "action", parents: [HELLO.id], nick: "bób", text: "waves 👋" }),
);
/** Of a kind that nobody knows, about another message: taken, kept and passed on like any other. */
const LATER = signMessage(ROOM, BOB, {
  seq: 301,
  hlc: NOON + 2,
  parents: [HELLO.id, WAVE.id],
  kind: 300,
  target: HELLO.id,
  body: Buffer.from("00ff10", "hex"),
});
/** A text whose body is none: taken as well. */
const BROKEN = signMessage(ROOM, BOB, {
  seq: 302,
  hlc: NOON + 3,
  parents: [],
  kind: 1,
  target: undefined,
  body: Buffer.from("05", "hex"),
});
/** Of each kind that came after the first two, and with them what is out of the bounds of its kind. */
const ABOUT: readonly SignedMessage[] = (
  [
    ["notice", "backup done", undefined],
    ["reply", "hi anna", HELLO.id],
    ["react", "👍🏽", HELLO.id],
    ["react", "", HELLO.id],
    ["edit", "waves twice", WAVE.id],
    ["delete", "", WAVE.id],
    ["topic", "größe", undefined],
    ["topic", "", undefined],
  ] as const
).map(([kind, text, target], index) =>
  signMessage(ROOM, BOB, unsigned({ seq: 310 + index, hlc: NOON + 10 + index, kind, nick: "bób", text, target })),
);
const OUT_OF_BOUNDS: readonly SignedMessage[] = (
  [
    ["reply", "hi", undefined],
    ["react", "👍".repeat(25), HELLO.id],
    ["delete", "why", WAVE.id],
    ["topic", "two\nlines", undefined],
  ] as const
).map(([kind, text, target], index) =>
  signMessage(ROOM, BOB, {
    ...unsigned({ seq: 320 + index, hlc: NOON + 20 + index, target }),
    kind: kindNumber(kind),
    body: encodeTextBody({ nick: "bób", text }),
  }),
);
/** WAVE's author takes it back, and what is left of it then. */
const DELETE = signMessage(ROOM, BOB, {
  ...unsigned({ seq: 303, hlc: NOON + 4, parents: [WAVE.id], target: WAVE.id, nick: "bób", text: "" }),
  kind: DELETE_KIND,
});
const ERASED = readMessage(ROOM, eraseMessage(WAVE.bytes, DELETE.bytes) as Uint8Array) as SignedMessage;
const WHISPER = signMessage(PRIVATE_ROOM, ANNA, ANNA_SAID);
const ANNA_LINK = linkKeysFrom(Buffer.alloc(32, 0xa1));
const BOB_LINK = linkKeysFrom(Buffer.alloc(32, 0xb2));
/** Two of keys that nobody knows, and what a node says of its program. */
const EXTENSIONS = new Map([
  ...programExtensions("0.2.0"),
  [3, new Uint8Array(0)],
  [300, Buffer.from("c0ffee", "hex")],
]);
const ALIVE = signStatement(ROOM, ANNA, {
  boot: ANNA_BOOT,
  linkKey: ANNA_LINK.publicKey,
  incarnation: NOON,
  status: "alive",
  nick: "anna",
  endpoints: ["10.0.0.1:62733" as Endpoint, "[2001:db8::1]:62734" as Endpoint],
  extensions: noExtensions,
});
const LEFT = signStatement(ROOM, BOB, {
  boot: BOB_BOOT,
  linkKey: BOB_LINK.publicKey,
  incarnation: 1,
  status: "left",
  nick: "",
  endpoints: [],
  extensions: noExtensions,
});
const EXTENDED = signStatement(PRIVATE_ROOM, BOB, {
  boot: BOB_BOOT,
  linkKey: BOB_LINK.publicKey,
  incarnation: NOON,
  status: "alive",
  nick: "bób",
  endpoints: [],
  extensions: EXTENSIONS,
});

function makeKeys(): unknown {
  const rooms = [
    ...ROOM_NAMES.map((name) => ({ name, roomKeys: createRoomKeys(openRoom(name)) })),
    { roomKeys: PRIVATE_ROOM },
  ];
  return {
    rooms: rooms.map(({ roomKeys, ...named }) => ({
      ...named,
      id: toHex(roomKeys.id),
      epoch: roomKeys.epoch,
      key: toHex(roomKeys.key),
      tag: roomKeys.tag,
      beaconKey: toHex(beaconKey(roomKeys)),
      boots: [ANNA_BOOT, BOB_BOOT].map((boot) => ({ boot, key: toHex(bootKey(roomKeys, boot)) })),
    })),
    identities: [ANNA, BOB].map(({ id, seed }) => ({ seed: toHex(seed), id, tag: tagOf(id) })),
  };
}

function makeFrames(): unknown {
  const slice = { order: 1, lo: 0x40000000, last: 0xbfffffff };
  const salt = "5a17ed01";
  const key = shortIdKey(ROOM, ANNA_BOOT, BOB_BOOT, salt);
  const said = [HELLO.id, WAVE.id].map((id) => shortIdOf(id, key));
  const peers = [ALIVE, LEFT].map((statement) => shortIdOf(rosterId(statement), key)).toSorted();
  const claim = { set: "log", lo: "", hi: END, salt, count: 300, fingerprint: "000102030405" } as const;
  const frames: Frame[] = [
    { type: "padding", bytes: 4 },
    { type: "ack", counters: [300, 299, 297, 0], delayMs: 7, echo: 0xdecafbad },
    { type: "ping" },
    {
      type: "digest",
      log: { count: 300, fingerprint: "0001020304050607" },
      keeps: { since: NOON, small: 10_000, large: 500 },
      isForReceiver: true,
      roster: { count: 12, fingerprint: "08090a0b0c0d0e0f" },
      isStored: true,
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
    { type: "want", ids: [HELLO.id, WAVE.id] },
    { type: "message", bytes: HELLO.bytes },
    {
      type: "ranges",
      set: "log",
      salt,
      lo: "",
      parts: [{ hi: END, count: claim.count, fingerprint: claim.fingerprint }],
    },
    {
      type: "ranges",
      set: "roster",
      salt,
      lo: "01",
      parts: [
        { hi: "7f", count: 2, fingerprint: claim.fingerprint },
        { hi: "ff".repeat(24), count: 0, fingerprint: "" },
      ],
    },
    { type: "list", set: "log", lo: HELLO.id, hi: "ff01", salt, ids: said },
    { type: "list", set: "roster", lo: "", hi: END, salt, ids: peers },
    { type: "wantListed", set: "log", lo: HELLO.id, hi: "ff01", salt, hashes: said.map(hashOfShort) },
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
    { type: "same", ...claim, count: 0, fingerprint: "" },
    {
      type: "receipt",
      id: HELLO.id,
      slice: { order: 1, lo: 7, last: 0xfffffff0 },
      reached: 11,
      of: 12,
      lacking: [BOB.id.slice(0, 16)],
    },
    { type: "offer", slice, id: HELLO.id, bytes: MESSAGE_BYTES_MAX },
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
      items: [WAVE.bytes, { id: HELLO.id, bytes: MESSAGE_BYTES_MAX }],
    },
    { type: "page", set: "roster", number: 255, index: 0, isLast: false, lo: "01", hi: "ff", items: [] },
    { type: "chunk", id: HELLO.id, total: 1_154, index: 1, bytes: new Uint8Array(130).fill(0x2e) },
    UNKNOWN,
    { type: "unknown", number: 255, bytes: new Uint8Array(0) },
  ];
  const sequences: Frame[][] = [
    [{ type: "ping" }, UNKNOWN, { type: "advertise", slice, id: HELLO.id }, { type: "padding", bytes: 4 }],
    [{ ...UNKNOWN, number: 255 }, UNKNOWN, { type: "ack", counters: [7], delayMs: 0, echo: 0 }],
  ];
  return {
    frames: frames.map((frame) => ({ frame: asJson(frame), bytes: toHex(encodeFrame(frame)) })),
    sequences: sequences.map((all) => ({ frames: asJson(all), bytes: toHex(Buffer.concat(all.map(encodeFrame))) })),
  };
}

/** What stands for ids, and for all of a range, in a frame between two process starts. */
function makeShortIds(): unknown {
  const sets = {
    log: [HELLO, WAVE, LATER, BROKEN].map(({ id }): string => id),
    roster: [rosterId(ALIVE), rosterId(LEFT)],
  };
  return ["00000000", "5a17ed01"].map((salt) => {
    const key = shortIdKey(ROOM, BOB_BOOT, ANNA_BOOT, salt);
    const entries = Object.entries(sets).map(([name, all]) => {
      const ids = createOrderedSet<string>();
      for (const id of all) ids.insert(id);
      const named = ids.slice("", END, all.length).map((id) => ({ id, shortId: shortIdOf(id, key) }));
      return [name, { ids: named, fingerprint: ids.fingerprint("", END, key), digest: ids.summary("", END) }];
    });
    return {
      roomKey: toHex(ROOM.key),
      boots: [ANNA_BOOT, BOB_BOOT],
      salt,
      key: toHex(key),
      ...Object.fromEntries(entries),
    };
  });
}

const UNKNOWN: Frame & { type: "unknown" } = { type: "unknown", number: 32, bytes: Buffer.from("0200ff", "hex") };

const ANNA_TO_BOB = (
  pairKeys(ROOM, { boot: ANNA_BOOT, key: ANNA_LINK }, { boot: BOB_BOOT, key: BOB_LINK.publicKey }) as PairKeys
).send;

function makeDatagrams(): unknown {
  const frames = Buffer.concat([encodeFrame({ type: "ping" }), encodeFrame({ type: "padding", bytes: 4 })]);
  const cases: readonly { header: Header; addressee?: BootId }[] = [
    { header: { type: "open", roomTag: ROOM.tag, boot: ANNA_BOOT, counter: 0, salt: 0 } },
    {
      header: { type: "addressed", roomTag: ROOM.tag, boot: ANNA_BOOT, counter: 2 ** 48 - 1, salt: 1 },
      addressee: BOB_BOOT,
    },
    {
      header: { type: "linked", roomTag: ROOM.tag, boot: ANNA_BOOT, counter: 258, salt: 2 ** 48 - 1 },
      addressee: BOB_BOOT,
    },
  ];
  return cases.map(({ header, addressee }) => ({
    roomKey: toHex(ROOM.key),
    header,
    ...(addressee === undefined ? {} : { addressee }),
    ...(header.type === "linked" ? { linkSecret: toHex(ANNA_LINK.secretKey), linkKey: BOB_LINK.publicKey } : {}),
    frames: toHex(frames),
    headerBytes: toHex(encodeHeader(header)),
    bytes: toHex(seal(header.type === "linked" ? ANNA_TO_BOB : bootKey(ROOM, header.boot), header, addressee, frames)),
  }));
}

function makeBeacons(): unknown {
  const nonce = Uint8Array.from({ length: 24 }, (_, index) => index);
  const beacons: readonly Beacon[] = [
    { boot: ANNA_BOOT, port: 62733, heard: [], extensions: noExtensions },
    { boot: BOB_BOOT, port: 1, heard: [ANNA_BOOT, "c0c1c2c3c4c5c6c7" as BootId], extensions: noExtensions },
    { boot: ANNA_BOOT, port: 62733, heard: [BOB_BOOT], extensions: EXTENSIONS },
  ];
  return beacons.map((beacon) => ({
    roomKey: toHex(ROOM.key),
    nonce: toHex(nonce),
    beacon: asJson(beacon),
    plain: toHex(encodeBeacon(beacon)),
    bytes: toHex(sealBeacon(beaconKey(ROOM), nonce, beacon)),
  }));
}

function makeSigned(): unknown {
  const seeds = new Map<PeerId, string>([ANNA, BOB].map(({ id, seed }) => [id, toHex(seed)]));
  const messages: [RoomKeys, SignedMessage][] = [
    [ROOM, HELLO],
    [ROOM, WAVE],
    [ROOM, LATER],
    [ROOM, BROKEN],
    ...[...ABOUT, ...OUT_OF_BOUNDS].map((message): [RoomKeys, SignedMessage] => [ROOM, message]),
    [ROOM, DELETE],
    [ROOM, ERASED],
    [PRIVATE_ROOM, WHISPER],
  ];
  const statements: [RoomKeys, SignedStatement][] = [
    [ROOM, ALIVE],
    [ROOM, LEFT],
    [PRIVATE_ROOM, EXTENDED],
  ];
  return {
    messages: messages.map(([room, { id, content, bytes }]) => ({
      roomId: toHex(room.id),
      seed: seeds.get(content.author),
      content: asJson(content),
      body: content.erasure === undefined ? decodeBody(content.kind, content.body, content.target) : undefined,
      id: id satisfies MessageId,
      bytes: toHex(bytes),
    })),
    statements: statements.map(([room, { content, bytes }]) => ({
      roomId: toHex(room.id),
      seed: seeds.get(content.peer),
      content: asJson(content),
      bytes: toHex(bytes),
    })),
  };
}

function makeInvites(): unknown {
  const [address, other] = ["10.0.0.1:62733", "[2001:db8::1]:62734"] as Endpoint[] as [Endpoint, Endpoint];
  const { id, epoch, key } = PRIVATE_ROOM;
  const open: Invite = { name: "größe", private: false, secret: openRoom("größe"), endpoints: [address, other] };
  const closed: Invite = { name: "den", private: true, secret: { id, epoch, key }, endpoints: [address] };
  return [
    ...[open, closed].map((invite) => ({ invite: asJson(invite), text: encodeInvite(invite) })),
    // This version reads them and writes none: what it does not know it passes over.
    { invite: asJson(closed), extensions: asJson(EXTENSIONS), text: withExtensions(encodeInvite(closed)) },
  ];
}

/** `text` with EXTENSIONS in place of the empty map before its checksum. */
function withExtensions(text: string): string {
  const body = Buffer.from(text.slice(INVITE_PREFIX.length), "base64url").subarray(0, -5);
  const writer = createWriter(500);
  writer.bytes(body);
  writeExtensions(writer, EXTENSIONS, 256);
  writer.bytes(blake2b(writer.finish(), 4));
  return INVITE_PREFIX + Buffer.from(writer.finish()).toString("base64url");
}
