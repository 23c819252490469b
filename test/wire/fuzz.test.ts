/**
 * Whatever arrives, the decoders answer: they never throw, never accept a second encoding of anything, and never hand out
 * more than the bytes paid for. 216,000 random and mutated inputs; SMPLCHAT_FUZZ_SEED tries others than the usual ones.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { below, type Rng, seededRng } from "../../src/protocol/rng.ts";
import { decodeBeacon, encodeBeacon } from "../../src/wire/beacon.ts";
import { decodeBody } from "../../src/wire/bodies/body.ts";
import { decodeTextBody, encodeTextBody } from "../../src/wire/bodies/text.ts";
import { CursorError, createReader, createWriter } from "../../src/wire/cursor.ts";
import { decodeHeader, encodeHeader, HEADER_BYTES } from "../../src/wire/datagram.ts";
import { ENDPOINT_BYTES_MAX, readEndpoint, writeEndpoint } from "../../src/wire/endpoint.ts";
import { decodeEnvelope, encodeEnvelope, SIGNATURE_BYTES } from "../../src/wire/envelope.ts";
import { type Extensions, readExtensions, writeExtensions } from "../../src/wire/extensions.ts";
import { decodeFrames, encodeFrame, UNKNOWN_FROM } from "../../src/wire/frames.ts";
import { decodeStatementContent, encodeStatementContent } from "../../src/wire/statement.ts";
import {
  beaconArbitrary,
  endpointArbitrary,
  envelopeArbitrary,
  extensionsArbitrary,
  framesArbitrary,
  headerArbitrary,
  mutate,
  statementArbitrary,
  textBodyArbitrary,
} from "./arbitraries.ts";

const INPUTS_PER_DECODER = 24_000;
const CORPUS_SIZE = 400;
const seed = Number(process.env.SMPLCHAT_FUZZ_SEED ?? 1);

/** A decoder as the fuzz loop sees it; `decode` gives undefined for what is refused. */
type Target = {
  readonly name: string;
  readonly valid: fc.Arbitrary<Uint8Array>;
  readonly decode: (bytes: Uint8Array) => { readonly value: unknown; readonly encoded: Uint8Array } | undefined;
};

const targets: readonly Target[] = [
  {
    name: "decodeHeader",
    valid: headerArbitrary.map((header) => Buffer.concat([encodeHeader(header), Buffer.alloc(20)])),
    decode: (bytes) => {
      const value = decodeHeader(bytes);
      if (typeof value === "string") return undefined;
      return { value, encoded: Buffer.concat([encodeHeader(value), bytes.subarray(HEADER_BYTES)]) };
    },
  },
  {
    name: "decodeFrames",
    valid: framesArbitrary.map((frames) => Buffer.concat(frames.map(encodeFrame))),
    decode: (bytes) => {
      const value = decodeFrames(bytes);
      return value === "bad-frame" ? undefined : { value, encoded: Buffer.concat(value.map(encodeFrame)) };
    },
  },
  {
    name: "decodeEnvelope",
    valid: envelopeArbitrary.map((envelope) => withSignature(encodeEnvelope(envelope))),
    decode: (bytes) => {
      const value = decodeEnvelope(bytes);
      return value && { value, encoded: Buffer.concat([encodeEnvelope(value), bytes.subarray(-SIGNATURE_BYTES)]) };
    },
  },
  {
    name: "decodeFrames, of what later versions send",
    valid: framesArbitrary.map((frames) => Buffer.concat(frames.map(encodeFrame).map(asUnknown))),
    decode: (bytes) => {
      const value = decodeFrames(bytes);
      return value === "bad-frame" ? undefined : { value, encoded: Buffer.concat(value.map(encodeFrame)) };
    },
  },
  {
    name: "decodeTextBody",
    valid: textBodyArbitrary.map(encodeTextBody),
    decode: (bytes) => {
      const value = decodeTextBody(bytes);
      const body = decodeBody(1, bytes);
      if ((body.kind === "unknown") !== (value === undefined)) throw new Error("read by its kind it is another");
      return value && { value, encoded: encodeTextBody(value) };
    },
  },
  {
    name: "readExtensions",
    valid: extensionsArbitrary(256).map(extensionBytes),
    decode: (bytes) => {
      const reader = createReader(bytes);
      try {
        const value = readExtensions(reader, 256);
        return { value, encoded: Buffer.concat([extensionBytes(value), bytes.subarray(reader.position())]) };
      } catch (error) {
        if (error instanceof CursorError) return undefined;
        throw error;
      }
    },
  },
  {
    name: "decodeStatementContent",
    valid: statementArbitrary.map((content) => withSignature(encodeStatementContent(content))),
    decode: (bytes) => {
      const value = decodeStatementContent(bytes);
      return (
        value && { value, encoded: Buffer.concat([encodeStatementContent(value), bytes.subarray(-SIGNATURE_BYTES)]) }
      );
    },
  },
  {
    name: "decodeBeacon",
    valid: beaconArbitrary.map(encodeBeacon),
    decode: (bytes) => {
      const value = decodeBeacon(bytes);
      // Of another version nothing is read but that.
      return value && { value, encoded: "wire" in value ? bytes : encodeBeacon(value) };
    },
  },
  {
    name: "readEndpoint",
    valid: endpointArbitrary.map(endpointBytes),
    decode: (bytes) => {
      const reader = createReader(bytes);
      try {
        const value = readEndpoint(reader);
        return { value, encoded: Buffer.concat([endpointBytes(value), bytes.subarray(reader.position())]) };
      } catch (error) {
        // The one error that its callers, the decoders above, are made for.
        if (error instanceof CursorError) return undefined;
        throw error;
      }
    },
  },
];

describe("junk from the network", () => {
  it.each(targets)("is answered by $name, within its bounds", ({ name, valid, decode }) => {
    const rng = seededRng(seed);
    const corpus = fc.sample(valid, { numRuns: CORPUS_SIZE, seed });
    const counts = { accepted: 0, refused: 0 };
    for (let index = 0; index < INPUTS_PER_DECODER; index += 1) {
      const input = junk(rng, corpus);
      try {
        const result = decode(input);
        counts[result === undefined ? "refused" : "accepted"] += 1;
        if (result === undefined) continue;
        if (!Buffer.from(input).equals(result.encoded)) throw new Error("accepted another encoding of the same value");
        const size = sizeOf(result.value);
        if (size > 16 * input.length + 16) throw new Error(`made ${size} units of value`);
      } catch (cause) {
        const where = `${name}, seed ${seed}, input ${index}: ${Buffer.from(input).toString("hex")}`;
        throw new Error(where, { cause });
      }
    }
    // Both ways are really walked: an unlucky corpus would test nothing.
    expect(counts.accepted).toBeGreaterThan(1_000);
    expect(counts.refused).toBeGreaterThan(1_000);
  });
});

// --- internal ---

/** Random bytes, or one to four changes to a valid encoding, or the front of one behind the front of another. */
function junk(rng: Rng, corpus: readonly Uint8Array[]): Uint8Array {
  const pick = (): Uint8Array => corpus[below(rng, corpus.length)] as Uint8Array;
  const kind = below(rng, 8);
  if (kind === 0) return Uint8Array.from({ length: below(rng, 200) }, () => below(rng, 256));
  if (kind === 1) {
    const [one, other] = [pick(), pick()];
    return Buffer.concat([one.subarray(0, below(rng, one.length + 1)), other.subarray(below(rng, other.length + 1))]);
  }
  let bytes = pick();
  for (let change = 0; change <= below(rng, 4); change += 1)
    bytes = mutate(bytes, below(rng, 5), rng.u32(), below(rng, 256));
  return bytes;
}

/** What a value takes: characters, bytes, and one for each number, item and field. */
function sizeOf(value: unknown): number {
  if (typeof value === "string") return 1 + value.length;
  if (value instanceof Uint8Array) return 1 + value.length;
  if (typeof value !== "object" || value === null) return 1;
  if (value instanceof Map) return sizeOf([...value]);
  return Object.values(value).reduce((sum: number, part) => sum + sizeOf(part), 1);
}

function withSignature(content: Uint8Array): Uint8Array {
  return Buffer.concat([content, Buffer.alloc(SIGNATURE_BYTES, 0x55)]);
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
