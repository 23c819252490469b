/** The golden vectors hold, byte for byte, in both directions; what must be refused is refused. See PROTOCOL.md. */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { beaconKey, openBeacon } from "../../src/crypto/beacon.ts";
import { verifySignature } from "../../src/crypto/identity.ts";
import { bootKey, createRoomKeys, open } from "../../src/crypto/roomKeys.ts";
import { readMessage, readStatement, verifyMessage, verifyStatement } from "../../src/crypto/signed.ts";
import { type Beacon, decodeBeacon } from "../../src/wire/beacon.ts";
import { CursorError, createReader } from "../../src/wire/cursor.ts";
import { decodeHeader, type Header } from "../../src/wire/datagram.ts";
import { readEndpoint } from "../../src/wire/endpoint.ts";
import { decodeFrames } from "../../src/wire/frames.ts";
import { type BootId, fromHex, type PeerId, toHex } from "../../src/wire/ids.ts";
import { decodeContent } from "../../src/wire/message.ts";
import { decodeStatementContent } from "../../src/wire/statement.ts";
import { frameAsJson, makeVectors } from "../vectors/make.ts";

const pathOf = (name: string): string => fileURLToPath(new URL(`../vectors/${name}.json`, import.meta.url));
const vectors = makeVectors();

if (process.env.UPDATE_VECTORS === "1") {
  const paths = Object.keys(vectors).map(pathOf);
  for (const [name, content] of Object.entries(vectors)) writeFileSync(pathOf(name), JSON.stringify(content, null, 2));
  execFileSync("npx", ["biome", "format", "--write", ...paths]);
}

const load = <T>(name: string): T => JSON.parse(readFileSync(pathOf(name), "utf8")) as T;

describe("the golden vectors", () => {
  it.each(Object.keys(vectors))("%s are what this code makes", (name) => {
    expect(JSON.parse(JSON.stringify(vectors[name]))).toEqual(load(name));
  });

  const frames = load<{ frame: Record<string, unknown>; bytes: string }[]>("frames");

  it("hold every frame type", () => {
    const types = new Set(frames.map(({ bytes }) => Number.parseInt(bytes.slice(0, 2), 16)));
    expect([...types].toSorted((a, b) => a - b)).toEqual(Array.from({ length: 25 }, (_, type) => type));
  });

  it.each(frames.map(({ frame, bytes }) => [frame.type, bytes, frame]))("hold %s %s", (_, bytes, frame) => {
    const decoded = decodeFrames(fromHex(bytes as string));
    expect(decoded === "bad-frame" ? decoded : decoded.map(frameAsJson)).toEqual([frame]);
  });

  type Sealed = { roomKey: string; header: Header; addressee?: BootId; frames: string; bytes: string };
  it.each(load<Sealed[]>("datagrams"))("hold a datagram of type $header.type, and it opens", (sealed) => {
    const bytes = fromHex(sealed.bytes);
    expect(decodeHeader(bytes)).toEqual(sealed.header);
    const key = bootKey(createRoomKeys(fromHex(sealed.roomKey)), sealed.header.boot);
    const opened = open(key, sealed.header, sealed.addressee ?? ("00".repeat(8) as BootId), bytes);
    expect(opened && toHex(opened)).toBe(sealed.frames);
  });

  type Lit = { roomKey: string; beacon: Beacon; plain: string; bytes: string };
  it.each(load<Lit[]>("beacons"))(
    "hold a beacon of $beacon.boot, and it opens",
    ({ roomKey, beacon, plain, bytes }) => {
      expect(decodeBeacon(fromHex(plain))).toEqual(beacon);
      expect(openBeacon(beaconKey(createRoomKeys(fromHex(roomKey))), fromHex(bytes))).toEqual(beacon);
    },
  );

  type Signed = { roomKey: string; content: unknown; id?: string; bytes: string };
  const signed = load<{ messages: Signed[]; statements: Signed[] }>("signed");

  it.each(signed.messages)("hold the message $id", ({ roomKey, content, id, bytes }) => {
    const roomKeys = createRoomKeys(fromHex(roomKey));
    const message = readMessage(roomKeys, fromHex(bytes));
    expect([message?.content, message?.id]).toEqual([content, id]);
    expect(message && verifyMessage(roomKeys, message)).toBe(true);
  });

  it.each(signed.statements)("hold the statement of $content.status", ({ roomKey, content, bytes }) => {
    const statement = readStatement(fromHex(bytes));
    expect(statement?.content).toEqual(content);
    expect(statement && verifyStatement(createRoomKeys(fromHex(roomKey)), statement)).toBe(true);
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
    message: decodeContent,
    statement: decodeStatementContent,
    beacon: decodeBeacon,
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
