/** The golden vectors hold, byte for byte, in both directions; what must be refused is refused. See PROTOCOL.md. */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { beaconKey, openBeacon } from "../../src/crypto/beacon.ts";
import { verifySignature } from "../../src/crypto/identity.ts";
import { decodeInvite, encodeInvite, type Invite } from "../../src/crypto/invite.ts";
import { linkKeysFrom, type PairKeys, pairKeys } from "../../src/crypto/linkKeys.ts";
import { bootKey, createRoomKeys, open, type RoomKeys } from "../../src/crypto/roomKeys.ts";
import { readMessage, readStatement, verifyMessage, verifyStatement } from "../../src/crypto/signed.ts";
import { type Beacon, decodeBeacon } from "../../src/wire/beacon.ts";
import { decodeBody } from "../../src/wire/bodies/body.ts";
import { kindNumber } from "../../src/wire/bodies/kinds.ts";
import { CursorError, createReader } from "../../src/wire/cursor.ts";
import { decodeHeader, type Header } from "../../src/wire/datagram.ts";
import { readEndpoint } from "../../src/wire/endpoint.ts";
import { decodeEnvelope } from "../../src/wire/envelope.ts";
import { decodeFrames, frameTable, UNKNOWN_FROM } from "../../src/wire/frames.ts";
import { type BootId, fromHex, type LinkKey, type PeerId, toHex } from "../../src/wire/ids.ts";
import { decodeStatementContent } from "../../src/wire/statement.ts";
import { asJson, makeVectors } from "../vectors/make.ts";

const pathOf = (name: string): string => fileURLToPath(new URL(`../vectors/${name}.json`, import.meta.url));
const vectors = makeVectors();

if (process.env.UPDATE_VECTORS === "1") {
  const paths = Object.keys(vectors).map(pathOf);
  for (const [name, content] of Object.entries(vectors)) writeFileSync(pathOf(name), JSON.stringify(content, null, 2));
  execFileSync("npx", ["biome", "format", "--write", ...paths]);
}

const zeros = new Uint8Array(32);
/** All that a seal and a beacon need, and all that a signature needs. */
const withKey = (key: string): RoomKeys => createRoomKeys({ id: zeros, epoch: 0, key: fromHex(key) });
const ofRoom = (id: string): RoomKeys => createRoomKeys({ id: fromHex(id), epoch: 0, key: zeros });

const load = <T>(name: string): T => JSON.parse(readFileSync(pathOf(name), "utf8")) as T;

describe("the golden vectors", () => {
  it.each(Object.keys(vectors))("%s are what this code makes", (name) => {
    expect(JSON.parse(JSON.stringify(vectors[name]))).toEqual(load(name));
  });

  type Framed = { frame: Record<string, unknown>; bytes: string };
  type Sequence = { frames: Record<string, unknown>[]; bytes: string };
  const { frames, sequences } = load<{ frames: Framed[]; sequences: Sequence[] }>("frames");

  it("hold every frame of this version, and the first and the last that a later one may have", () => {
    const numbers = new Set(frames.map(({ bytes }) => Number.parseInt(bytes.slice(0, 2), 16)));
    const known = Object.values(frameTable).map(({ number }) => number);
    expect([...numbers].toSorted((a, b) => a - b)).toEqual([...known.toSorted((a, b) => a - b), UNKNOWN_FROM, 255]);
  });

  it.each(frames.map(({ frame, bytes }) => [frame.type, bytes, frame]))("hold %s %s", (_, bytes, frame) => {
    expect(asJson(decodeFrames(fromHex(bytes as string)))).toEqual([frame]);
  });

  it.each(sequences)("hold the frames of $bytes, one after another", ({ frames: all, bytes }) => {
    expect(asJson(decodeFrames(fromHex(bytes)))).toEqual(all);
  });

  type Sealed = {
    roomKey: string;
    header: Header;
    addressee?: BootId;
    linkSecret?: string;
    linkKey?: LinkKey;
    frames: string;
    bytes: string;
  };
  it.each(load<Sealed[]>("datagrams"))("hold a datagram of type $header.type, and it opens", (sealed) => {
    const bytes = fromHex(sealed.bytes);
    expect(decodeHeader(bytes)).toEqual(sealed.header);
    const roomKeys = withKey(sealed.roomKey);
    const { boot, type } = sealed.header;
    const own = { boot, key: linkKeysFrom(fromHex(sealed.linkSecret ?? "00".repeat(32))) };
    const peer = { boot: sealed.addressee as BootId, key: sealed.linkKey as LinkKey };
    const key = type === "linked" ? (pairKeys(roomKeys, own, peer) as PairKeys).send : bootKey(roomKeys, boot);
    const opened = open(key, sealed.header, sealed.addressee ?? ("00".repeat(8) as BootId), bytes);
    expect(opened && toHex(opened)).toBe(sealed.frames);
  });

  type Lit = { roomKey: string; beacon: Beacon; plain: string; bytes: string };
  it.each(load<Lit[]>("beacons"))(
    "hold a beacon of $beacon.boot, and it opens",
    ({ roomKey, beacon, plain, bytes }) => {
      expect(asJson(decodeBeacon(fromHex(plain)))).toEqual(beacon);
      expect(asJson(openBeacon(beaconKey(withKey(roomKey)), fromHex(bytes)))).toEqual(beacon);
    },
  );

  type Signed = { roomId: string; content: { kind: number }; id?: string; body?: unknown; bytes: string };
  const signed = load<{ messages: Signed[]; statements: Signed[] }>("signed");

  it.each(signed.messages)("hold the message $id", ({ roomId, content, id, body, bytes }) => {
    const message = readMessage(ofRoom(roomId), fromHex(bytes));
    expect([asJson(message?.content), message?.id]).toEqual([content, id]);
    if (body !== undefined)
      expect(message && decodeBody(content.kind, message.content.body, message.content.target)).toEqual(body);
    expect(body === undefined).toBe(message?.content.erasure !== undefined);
    expect(message && verifyMessage(ofRoom(roomId), message)).toBe(true);
  });

  it.each(signed.statements)("hold the statement of $content.status", ({ roomId, content, bytes }) => {
    const statement = readStatement(fromHex(bytes));
    expect(asJson(statement?.content)).toEqual(content);
    expect(statement && verifyStatement(ofRoom(roomId), statement)).toBe(true);
  });

  type Invited = { invite: unknown; extensions?: unknown; text: string };
  it.each(load<Invited[]>("invites"))("hold the invite $text", ({ invite, extensions, text }) => {
    const read = decodeInvite(text);
    expect(asJson(read)).toEqual(invite);
    if (extensions === undefined) expect(encodeInvite(read as Invite)).toBe(text);
  });
});

describe("what must be refused", () => {
  type Refused = {
    encodings: { decoder: string; bytes: string; why: string; reason?: string }[];
    signatures: { key: PeerId; message: string; signature: string; why: string }[];
  };
  const refused = load<Refused>("refused");
  /** Gives undefined, or the reason, for what it refuses. */
  const decoders: Readonly<Record<string, (bytes: Uint8Array) => unknown>> = {
    header: decodeHeader,
    frames: (bytes) => (decodeFrames(bytes) === "bad-frame" ? undefined : "accepted"),
    message: decodeEnvelope,
    body: (bytes) => (decodeBody(kindNumber("text"), bytes, undefined).kind === "unknown" ? undefined : "accepted"),
    statement: decodeStatementContent,
    beacon: (bytes) => {
      const beacon = decodeBeacon(bytes);
      return beacon !== undefined && "wire" in beacon ? "other-version" : beacon;
    },
    endpoint: (bytes) => {
      try {
        return readEndpoint(createReader(bytes));
      } catch (error) {
        if (error instanceof CursorError) return undefined;
        throw error;
      }
    },
  };

  it.each(refused.encodings)("as $decoder: $why", ({ decoder, bytes, reason }) => {
    expect(decoders[decoder]?.(fromHex(bytes))).toBe(reason);
    expect(Object.keys(decoders)).toContain(decoder);
  });

  it.each(refused.signatures)("as signature under $key: $why", ({ key, message, signature }) => {
    expect(verifySignature(key, fromHex(message), fromHex(signature))).toBe(false);
  });
});
