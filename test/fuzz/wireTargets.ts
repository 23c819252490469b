/**
 * Everything that is decoded from bytes of the network. A decoder answers with a value that encodes to the very same bytes,
 * or refuses; it never throws, and never hands out more than the bytes paid for.
 */
import { beaconKey, openBeacon, sealBeacon } from "../../src/crypto/beacon.ts";
import { blake2b } from "../../src/crypto/hash.ts";
import { decodeInvite, encodeInvite, INVITE_PREFIX } from "../../src/crypto/invite.ts";
import { eraseMessage, readMessage, verifyMessage } from "../../src/crypto/signed.ts";
import { decodeBeacon, encodeBeacon } from "../../src/wire/beacon.ts";
import { decodeBody, encodeBody } from "../../src/wire/bodies/body.ts";
import { kindNumber, type MessageKind, messageKinds, needsTarget } from "../../src/wire/bodies/kinds.ts";
import { decodeTextBody, encodeTextBody } from "../../src/wire/bodies/text.ts";
import { CursorError, createReader, createWriter, type Reader } from "../../src/wire/cursor.ts";
import { decodeHeader, encodeHeader, FRAMES_BYTES_MAX, HEADER_BYTES, otherVersionOf } from "../../src/wire/datagram.ts";
import { ENDPOINT_BYTES_MAX, parseEndpoint, readEndpoint, writeEndpoint } from "../../src/wire/endpoint.ts";
import { DELETE_BYTES_MAX, decodeEnvelope, encodeEnvelope, SIGNATURE_BYTES } from "../../src/wire/envelope.ts";
import { type Extensions, readExtensions, writeExtensions } from "../../src/wire/extensions.ts";
import { decodeFrames, encodeFrame, type Frame, UNKNOWN_FROM } from "../../src/wire/frames.ts";
import type { MessageId } from "../../src/wire/ids.ts";
import { decodeStatementContent, encodeStatementContent, programOf } from "../../src/wire/statement.ts";
import { roomKeys } from "../protocol/fixtures.ts";
import {
  beaconArbitrary,
  bodyTextArbitrary,
  endpointArbitrary,
  envelopeArbitrary,
  erasedArbitrary,
  extensionsArbitrary,
  frameArbitrary,
  framesArbitrary,
  headerArbitrary,
  statementArbitrary,
  textBodyArbitrary,
} from "../wire/arbitraries.ts";
import { frameCorpus, golden, samples } from "./corpus.ts";
import { decoderTarget, type Outcome, type Target } from "./fuzz.ts";

/** A little longer than a datagram may be. */
const DATAGRAM_BYTES = 1_300;
const LARGE_BYTES = 70_000;

export function wireTargets(): Target[] {
  return [
    ...frameTargets(),
    ...signedTargets(),
    ...smallTargets(),
    beaconTarget(),
    sealedBeaconTarget(),
    inviteTarget(),
  ];
}

// --- internal ---

/** What a decoder made of bytes: nothing, or a value and what it encodes to. */
type Decoded = { readonly value: unknown; readonly encoded: Uint8Array } | undefined;

function checked(bytes: Uint8Array, decoded: Decoded): Outcome {
  if (decoded === undefined) return "refused";
  if (!Buffer.from(bytes).equals(decoded.encoded)) throw new Error("took another encoding of the same value");
  const size = sizeOf(decoded.value);
  if (size > 16 * bytes.length + 16) throw new Error(`made ${size} units of value`);
  return "accepted";
}

function frameTargets(): Target[] {
  const take = (bytes: Uint8Array): Outcome => {
    const frames = decodeFrames(bytes);
    return checked(bytes, frames === "bad-frame" ? undefined : { value: frames, encoded: encoded(frames) });
  };
  const only = (...types: Frame["type"][]): Uint8Array[] =>
    samples(
      frameArbitrary.filter(({ type }) => types.includes(type)),
      400,
    ).map(encodeFrame);
  const target = (name: string, weight: number, corpus: () => Uint8Array[]): Target =>
    decoderTarget({ name, weight, mutator: () => ({ corpus: corpus(), bytesMax: FRAMES_BYTES_MAX }), take });
  return [
    decoderTarget({
      name: "header",
      mutator: () => ({
        corpus: [
          ...golden(["bytes"], "datagrams"),
          ...samples(headerArbitrary).map((header) => Buffer.concat([encodeHeader(header), Buffer.alloc(20)])),
        ],
        bytesMax: DATAGRAM_BYTES,
      }),
      take: (bytes) => {
        const value = decodeHeader(bytes);
        otherVersionOf(bytes);
        if (typeof value === "string") return "refused";
        return checked(bytes, { value, encoded: Buffer.concat([encodeHeader(value), bytes.subarray(HEADER_BYTES)]) });
      },
    }),
    target("frames", 400, frameCorpus),
    target("later-frames", 50, () =>
      samples(framesArbitrary).map((frames) => Buffer.concat(frames.map(encodeFrame).map(asUnknown))),
    ),
    target("page", 100, () => only("page", "fetch")),
    target("blob", 100, () => only("offer", "announce", "wantChunks", "chunk")),
    target("ranges", 100, () => only("ranges", "same", "list", "wantListed")),
  ];
}

function signedTargets(): Target[] {
  return [
    decoderTarget({
      name: "statement",
      mutator: () => ({
        corpus: [
          ...golden(["bytes"], "signed"),
          ...samples(statementArbitrary).map((content) => withSignature(encodeStatementContent(content))),
        ],
        bytesMax: DATAGRAM_BYTES,
      }),
      take: (bytes) => {
        const value = decodeStatementContent(bytes);
        if (value !== undefined) programOf(value);
        return checked(bytes, value && { value, encoded: signedAs(bytes, encodeStatementContent(value)) });
      },
    }),
    decoderTarget({
      name: "envelope",
      mutator: () => ({
        corpus: [
          ...golden(["bytes"], "signed"),
          ...[...samples(envelopeArbitrary), ...samples(erasedArbitrary)].map((envelope) =>
            withSignature(encodeEnvelope(envelope)),
          ),
        ],
        bytesMax: LARGE_BYTES,
      }),
      take: (bytes) => {
        const value = decodeEnvelope(bytes);
        checkErased(bytes);
        return checked(bytes, value && { value, encoded: signedAs(bytes, encodeEnvelope(value)) });
      },
    }),
    decoderTarget({
      name: "body",
      mutator: () => ({ corpus: samples(textBodyArbitrary).map(encodeTextBody), bytesMax: LARGE_BYTES }),
      take: (bytes) => {
        const value = decodeTextBody(bytes);
        for (const number of [0, 1, 2, 3, 0xffff]) {
          const { kind } = decodeBody(number, bytes, undefined);
          const isText = value !== undefined && (number === 1 || number === 2 || number === 3);
          if ((kind === "unknown") === isText) throw new Error(`read as kind ${number} it is ${kind}`);
        }
        return checked(bytes, value && { value, encoded: encodeTextBody(value) });
      },
    }),
    ...messageKinds.map((kind) => bodyTarget(kind)),
  ];
}

/** Of one kind: what is within its bounds encodes to the same bytes, and what needs a target means nothing without. */
function bodyTarget(kind: MessageKind): Target {
  const about = "ab".repeat(24) as MessageId;
  const number = kindNumber(kind);
  return decoderTarget({
    name: `body-${kind}`,
    weight: 20,
    mutator: () => ({ corpus: samples(bodyTextArbitrary(kind), 50).map(encodeTextBody), bytesMax: 2_000 }),
    take: (bytes) => {
      const value = decodeBody(number, bytes, about);
      const lonely = decodeBody(number, bytes, undefined);
      if (lonely.kind !== "unknown" && needsTarget(kind)) throw new Error(`a ${kind} without a target was read`);
      if (value.kind === "unknown") return "refused";
      return checked(bytes, { value, encoded: encodeBody(value.kind, value.nick, value.text).body });
    },
  });
}

/** Whatever is read has one erased form at most, which is the same message: as long as before, and named alike. */
function checkErased(bytes: Uint8Array): void {
  const whole = readMessage(roomKeys, bytes);
  if (whole === undefined) return;
  verifyMessage(roomKeys, whole);
  const erased = eraseMessage(bytes, bytes.subarray(0, DELETE_BYTES_MAX));
  if (erased === undefined) return;
  const read = readMessage(roomKeys, erased);
  if (read === undefined || read.id !== whole.id || read.size !== whole.size)
    throw new Error("erased it is another message");
  if (verifyMessage(roomKeys, read)) throw new Error("erased, and proven by what proves nothing");
}

/** Parts of larger encodings, whose one error their callers are made for. */
function smallTargets(): Target[] {
  const part = (bytes: Uint8Array, read: (reader: Reader) => { value: unknown; encoded: Uint8Array }): Outcome => {
    const reader = createReader(bytes);
    try {
      const { value, encoded: front } = read(reader);
      return checked(bytes, { value, encoded: Buffer.concat([front, bytes.subarray(reader.position())]) });
    } catch (error) {
      if (error instanceof CursorError) return "refused";
      throw error;
    }
  };
  return [
    decoderTarget({
      name: "extensions",
      mutator: () => ({ corpus: samples(extensionsArbitrary(256)).map(extensionBytes), bytesMax: 400 }),
      take: (bytes) =>
        part(bytes, (reader) => {
          const value = readExtensions(reader, 256);
          return { value, encoded: extensionBytes(value) };
        }),
    }),
    decoderTarget({
      name: "endpoint",
      weight: 50,
      mutator: () => ({ corpus: samples(endpointArbitrary).map(endpointBytes), bytesMax: 40 }),
      take: (bytes) =>
        part(bytes, (reader) => {
          const value = readEndpoint(reader);
          if (parseEndpoint(value) === undefined) throw new Error(`${value} is no endpoint`);
          return { value, encoded: endpointBytes(value) };
        }),
    }),
  ];
}

function beaconTarget(): Target {
  return decoderTarget({
    name: "beacon",
    mutator: () => ({
      corpus: [...golden(["plain"], "beacons"), ...samples(beaconArbitrary).map(encodeBeacon)],
      bytesMax: 400,
    }),
    take: (bytes) => {
      const value = decodeBeacon(bytes);
      // Of another version nothing is read but that.
      return checked(bytes, value && { value, encoded: "wire" in value ? bytes : encodeBeacon(value) });
    },
  });
}

/** As it comes from the LAN: nobody without the key gets past the seal. */
function sealedBeaconTarget(): Target {
  const key = beaconKey(roomKeys);
  return decoderTarget({
    name: "sealed-beacon",
    weight: 30,
    mutator: () => ({
      corpus: samples(beaconArbitrary, 50).map((beacon, index) => sealBeacon(key, Buffer.alloc(24, index), beacon)),
      bytesMax: 500,
    }),
    take: (bytes) => (typeof openBeacon(key, bytes) === "string" ? "refused" : "accepted"),
  });
}

/** Most inputs get a fitting checksum: else all that was changed would only be `mistyped`. */
function inviteTarget(): Target {
  const endpoints = samples(endpointArbitrary, 200);
  const texts = samples(endpointArbitrary, 40).flatMap((_, index) => {
    const secret = { id: Buffer.alloc(32, index), epoch: index * 1_000_003, key: Buffer.alloc(32, 255 - index) };
    const invite = {
      name: "größe".slice(0, 1 + (index % 5)),
      secret,
      endpoints: endpoints.slice(index, index + (index % 5)),
    };
    return [encodeInvite({ ...invite, private: true }), encodeInvite({ ...invite, private: false })];
  });
  return decoderTarget({
    name: "invite",
    mutator: () => ({
      corpus: texts.map((text) => Buffer.from(text.slice(INVITE_PREFIX.length), "base64url").subarray(0, -4)),
      bytesMax: 4_000,
    }),
    take: (content) => {
      const sum = content.length % 16 === 0 ? Buffer.alloc(4) : blake2b(content, 4);
      const text = INVITE_PREFIX + Buffer.concat([content, sum]).toString("base64url");
      // What people paste is not always what was sent.
      for (const spoilt of [
        Buffer.from(content).toString("latin1"),
        `${INVITE_PREFIX}${Buffer.from(content).toString("latin1")}`,
      ])
        if (!("error" in decodeInvite(spoilt))) throw new Error("took what is not base64url");
      const invite = decodeInvite(text);
      if ("error" in invite) return "refused";
      // Extensions are passed over, and not written again: what is left has one spelling.
      const again = encodeInvite(invite);
      if (encodeInvite(decodeInvite(again) as typeof invite) !== again)
        throw new Error("is another when written again");
      return "accepted";
    },
  });
}

function encoded(frames: readonly Frame[]): Uint8Array {
  return Buffer.concat(frames.map(encodeFrame));
}

function withSignature(content: Uint8Array): Uint8Array {
  return Buffer.concat([content, Buffer.alloc(SIGNATURE_BYTES, 0x55)]);
}

function signedAs(bytes: Uint8Array, content: Uint8Array): Uint8Array {
  return Buffer.concat([content, bytes.subarray(-SIGNATURE_BYTES)]);
}

/** The frame as a later version would send it: numbered from 32 on, and sized. */
function asUnknown(frame: Uint8Array): Uint8Array {
  const number = UNKNOWN_FROM + (frame[0] as number);
  return encodeFrame({ type: "unknown", number: Math.min(number, 255), bytes: frame.subarray(1, 1_100) });
}

function extensionBytes(extensions: Extensions): Uint8Array {
  const writer = createWriter(300);
  writeExtensions(writer, extensions, 256);
  return writer.finish();
}

function endpointBytes(endpoint: Parameters<typeof writeEndpoint>[1]): Uint8Array {
  const writer = createWriter(ENDPOINT_BYTES_MAX);
  writeEndpoint(writer, endpoint);
  return writer.finish();
}

/** What a value takes: characters, bytes, and one for each number, item and field. */
function sizeOf(value: unknown): number {
  if (typeof value === "string") return 1 + value.length;
  if (value instanceof Uint8Array) return 1 + value.length;
  if (typeof value !== "object" || value === null) return 1;
  if (value instanceof Map) return sizeOf([...value]);
  return Object.values(value).reduce((sum: number, part) => sum + sizeOf(part), 1);
}
