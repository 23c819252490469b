/** Generators of everything that the wire carries, within its bounds: any value they make must come back as it was sent. */
import fc from "fast-check";
import type { RoomSecret } from "../../src/crypto/roomKeys.ts";
import { BEACON_HEARD_MAX, type Beacon } from "../../src/wire/beacon.ts";
import { CHUNKS_MAX, chunkBytes, chunkCount, LARGE_BYTES_MIN } from "../../src/wire/blob.ts";
import { REACTION_CHARACTERS_MAX } from "../../src/wire/bodies/body.ts";
import { DELETE_KIND, type MessageKind } from "../../src/wire/bodies/kinds.ts";
import { NICK_BYTES_MAX, type TextBody } from "../../src/wire/bodies/text.ts";
import { COUNTER_MAX, type Header } from "../../src/wire/datagram.ts";
import { type Endpoint, formatEndpoint } from "../../src/wire/endpoint.ts";
import {
  BODY_BYTES_MAX,
  BODY_HASH_BYTES,
  DELETE_BYTES_MAX,
  type Envelope,
  HLC_MAX,
  KIND_MAX,
  MESSAGE_BYTES_MAX,
  PARENTS_MAX,
} from "../../src/wire/envelope.ts";
import { EXTENSION_KEY_MAX, EXTENSIONS_MAX, type Extensions } from "../../src/wire/extensions.ts";
import {
  ACK_COUNTERS_MAX,
  type Bound,
  CREDIT_MAX,
  END,
  type Frame,
  LACKING_MAX,
  ORDERS_MAX,
  type PageItem,
  type RangeClaim,
  type Ranges,
  type SetDigest,
  type Slice,
  type Stretch,
  UNKNOWN_FROM,
  WANTED_MAX,
} from "../../src/wire/frames.ts";
import { type BootId, type LinkKey, type MessageId, type PeerId, type ShortId, toHex } from "../../src/wire/ids.ts";
import { STRETCHES_MAX } from "../../src/wire/page.ts";
import { PARTS_MAX, SHORT_IDS_MAX, type Span } from "../../src/wire/range.ts";
import { ENDPOINTS_MAX, type StatementContent } from "../../src/wire/statement.ts";

const U32_MAX = 2 ** 32 - 1;
const U48_MAX = 2 ** 48 - 1;

/** `count` bytes as hex. */
export const hexArbitrary = (count: number): fc.Arbitrary<string> => bytesArbitrary(count, count).map(toHex);

/** Buffers, as decoders give, so that what comes back can be compared. */
export const bytesArbitrary = (min: number, max: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: min, maxLength: max }).map((bytes) => Buffer.from(bytes));

export const peerArbitrary = hexArbitrary(32) as fc.Arbitrary<PeerId>;
export const bootArbitrary = hexArbitrary(8) as fc.Arbitrary<BootId>;
export const messageIdArbitrary = hexArbitrary(24) as fc.Arbitrary<MessageId>;

/** What a varint carries; every length of it is as likely. */
export const varintArbitrary = fc.oneof(
  ...Array.from({ length: 8 }, (_, index) =>
    fc.maxSafeNat().map((value) => (index === 7 ? value : value % 128 ** (index + 1))),
  ),
);

/** Canonical, without a scope. */
export const endpointArbitrary: fc.Arbitrary<Endpoint> = fc
  .tuple(
    fc.oneof(fc.ipV4(), fc.ipV6(), fc.constantFrom("::", "::1", "fe80::1", "2001:db8::1:0:0:1")),
    fc.integer({ min: 1, max: 65535 }),
  )
  .map(([address, port]) => formatEndpoint(address, port) as Endpoint);

export const headerArbitrary: fc.Arbitrary<Header> = fc.record({
  type: fc.constantFrom("open", "addressed", "linked"),
  roomTag: hexArbitrary(4),
  boot: bootArbitrary,
  counter: fc.oneof(
    fc.nat(),
    fc.maxSafeNat().map((value) => value % U48_MAX),
    fc.constant(COUNTER_MAX),
  ),
  salt: u48Arbitrary(),
});

/** Of `bytesMax` in all: with a key of two bytes and a length of two each. */
export const extensionsArbitrary = (bytesMax: number): fc.Arbitrary<Extensions> =>
  fc
    .uniqueArray(fc.tuple(fc.integer({ min: 1, max: EXTENSION_KEY_MAX }), fc.uint8Array({ maxLength: 40 })), {
      selector: ([key]) => key,
      maxLength: EXTENSIONS_MAX,
    })
    .map((entries) => {
      let left = bytesMax;
      const fitting = entries.filter(([, { length }]) => {
        left -= 2 + 2 + length;
        return left >= 0;
      });
      return new Map(fitting.sort(([one], [other]) => one - other));
    });

export const secretArbitrary: fc.Arbitrary<RoomSecret> = fc.record({
  id: bytesArbitrary(32, 32),
  epoch: varintArbitrary,
  key: bytesArbitrary(32, 32),
});

export const beaconArbitrary: fc.Arbitrary<Beacon> = fc.record({
  boot: bootArbitrary,
  port: fc.integer({ min: 1, max: 65535 }),
  heard: fc.array(bootArbitrary, { maxLength: BEACON_HEARD_MAX, size: "max" }),
  extensions: extensionsArbitrary(64),
});

/** Every bound has a spelling of its own: no zero byte at its end. */
export const boundArbitrary: fc.Arbitrary<Bound> = fc.oneof(
  fc.constantFrom("", END),
  fc.tuple(bytesArbitrary(0, 23), fc.integer({ min: 1, max: 255 })).map(([head, last]) => toHex(head) + hexByte(last)),
);

export const spanArbitrary: fc.Arbitrary<Span> = fc
  .tuple(fc.constantFrom("log" as const, "roster" as const), boundArbitrary, boundArbitrary)
  .filter(([, one, other]) => one !== other)
  .map(([set, one, other]) => (one < other ? { set, lo: one, hi: other } : { set, lo: other, hi: one }));

export const claimArbitrary: fc.Arbitrary<RangeClaim> = fc
  .tuple(spanArbitrary, hexArbitrary(4), fc.oneof(fc.constant(0), varintArbitrary), hexArbitrary(6))
  .map(([span, salt, count, fingerprint]) => ({ ...span, salt, count, fingerprint: count === 0 ? "" : fingerprint }));

/** Adjoining ranges; an empty part has no fingerprint. */
export const rangesArbitrary: fc.Arbitrary<Ranges> = fc
  .tuple(
    fc.constantFrom("log" as const, "roster" as const),
    fc.uniqueArray(boundArbitrary, { minLength: 2, maxLength: PARTS_MAX + 1 }),
    hexArbitrary(4),
    fc.array(fc.tuple(fc.oneof(fc.constant(0), varintArbitrary), hexArbitrary(6)), {
      minLength: PARTS_MAX,
      maxLength: PARTS_MAX,
    }),
  )
  .map(([set, unsorted, salt, held]) => {
    const [lo = "", ...his] = [...unsorted].sort();
    const parts = his.map((hi, index) => {
      const [count = 0, fingerprint = ""] = held[index] ?? [];
      return { hi, count, fingerprint: count === 0 ? "" : fingerprint };
    });
    return { set, salt, lo, parts };
  });

export const sliceArbitrary: fc.Arbitrary<Slice> = fc
  .tuple(fc.nat({ max: ORDERS_MAX - 1 }), fc.nat({ max: U32_MAX }), fc.nat({ max: U32_MAX }))
  .map(([order, one, other]) => ({ order, lo: Math.min(one, other), last: Math.max(one, other) }));

/** One frame of any type but padding, that fits a datagram. */
export const frameArbitrary: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({
    type: fc.constant("ack"),
    counters: countersArbitrary(),
    delayMs: fc.nat({ max: 255 }),
    echo: fc.nat({ max: 0xffffffff }),
  }),
  fc.constant<Frame>({ type: "ping" }),
  fc.record({
    type: fc.constant("digest"),
    log: digestArbitrary(),
    keeps: fc.record({
      since: fc.integer({ min: 0, max: 2 ** 32 }).map((minutes) => minutes * 60_000),
      small: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      large: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    }),
    isForReceiver: fc.boolean(),
    roster: digestArbitrary(),
    isStored: fc.boolean(),
  }),
  fc.record({ type: fc.constant("observed"), endpoint: endpointArbitrary, wall: u48Arbitrary() }),
  fc.record({ type: fc.constant("statement"), bytes: bytesArbitrary(0, 300) }),
  fc.record({
    type: fc.constant("suspect"),
    peer: peerArbitrary,
    incarnation: u48Arbitrary(),
    accuser: hexArbitrary(8),
  }),
  fc.record({ type: fc.constant("probeRequest"), target: peerArbitrary, introduce: fc.boolean() }),
  fc.record({ type: fc.constant("introduce"), peer: peerArbitrary, endpoint: endpointArbitrary }),
  fc.record({ type: fc.constant("probeReply"), target: peerArbitrary, answered: fc.boolean() }),
  fc.record({ type: fc.constant("push"), slice: sliceArbitrary, message: bytesArbitrary(0, 1100) }),
  fc.record({
    type: fc.constant("brief"),
    slice: sliceArbitrary,
    front: hexArbitrary(8),
    rest: bytesArbitrary(0, 1100),
  }),
  fc.record({ type: fc.constant("advertise"), slice: sliceArbitrary, id: messageIdArbitrary }),
  fc.record({
    type: fc.constant("want"),
    ids: fc.array(messageIdArbitrary, { maxLength: WANTED_MAX, size: "max" }),
  }),
  fc.record({ type: fc.constant("message"), bytes: bytesArbitrary(0, 1100) }),
  rangesArbitrary.map((ranges): Frame => ({ type: "ranges", ...ranges })),
  claimArbitrary.map((claim): Frame => ({ type: "same", ...claim })),
  fc
    .tuple(spanArbitrary, hexArbitrary(4), frontsArbitrary(), hashesArbitrary(0))
    .map(
      ([span, salt, fronts, hashes]): Frame => ({ type: "list", ...span, salt, ids: shortIds(span, fronts, hashes) }),
    ),
  fc
    .tuple(spanArbitrary, hexArbitrary(4), hashesArbitrary(1))
    .map(([span, salt, hashes]): Frame => ({ type: "wantListed", ...span, salt, hashes })),
  fc.record({
    type: fc.constant("fetch"),
    set: fc.constantFrom("log", "roster"),
    number: fc.nat({ max: 255 }),
    credit: fc.integer({ min: 1, max: CREDIT_MAX }),
    stretches: stretchesArbitrary(),
  }),
  fc
    .tuple(
      spanArbitrary,
      fc.nat({ max: 255 }),
      fc.nat({ max: CREDIT_MAX - 1 }),
      fc.boolean(),
      fc.array(itemArbitrary(), { maxLength: 6 }),
    )
    .map(([span, number, index, isLast, items]): Frame => {
      const announced = (item: PageItem): boolean => !(item instanceof Uint8Array);
      const kept = span.set === "log" ? items : items.filter((item) => !announced(item));
      return { type: "page", ...span, number, index, isLast, items: kept };
    }),
  fc.record({
    type: fc.constant("receipt"),
    id: messageIdArbitrary,
    slice: sliceArbitrary,
    reached: varintArbitrary,
    of: varintArbitrary,
    lacking: fc.array(hexArbitrary(8), { maxLength: LACKING_MAX }),
  }),
  fc.record({
    type: fc.constant("offer"),
    slice: sliceArbitrary,
    id: messageIdArbitrary,
    bytes: largeSizeArbitrary(),
  }),
  fc.record({ type: fc.constant("announce"), id: messageIdArbitrary, bytes: largeSizeArbitrary() }),
  fc.record({
    type: fc.constant("wantChunks"),
    id: messageIdArbitrary,
    chunks: fc
      .uniqueArray(fc.nat({ max: CHUNKS_MAX - 1 }), { minLength: 1, maxLength: CHUNKS_MAX })
      .map((chunks) => chunks.sort((a, b) => a - b)),
  }),
  fc
    .tuple(messageIdArbitrary, largeSizeArbitrary(), fc.nat(), fc.nat({ max: 255 }))
    .map(([id, total, at, fill]): Frame => {
      const index = at % chunkCount(total);
      return { type: "chunk", id, total, index, bytes: Buffer.alloc(chunkBytes(total, index), fill) };
    }),
  unknownFrameArbitrary(),
) as fc.Arbitrary<Frame>;

/** The frames of one datagram, whose sum may be longer than a datagram; padding comes last if at all. */
export const framesArbitrary: fc.Arbitrary<Frame[]> = fc
  .tuple(fc.array(frameArbitrary, { maxLength: 6 }), fc.nat({ max: 400 }))
  .map(([frames, zeros]) => (zeros % 4 === 0 && zeros > 0 ? [...frames, { type: "padding", bytes: zeros }] : frames));

/** Well-formed text of at most `bytesMax` bytes of UTF-8: any code point but surrogates. */
export const textArbitrary = (bytesMax: number): fc.Arbitrary<string> =>
  fc.oneof(
    fc.string({ unit: "binary", maxLength: Math.floor(bytesMax / 4) }),
    fc.string({ unit: "binary-ascii", maxLength: bytesMax }),
    fc.constantFrom("", "\ufeff", "\0", "né\u0301", "👩🏽‍🚀"),
  );

export const textBodyArbitrary: fc.Arbitrary<TextBody> = fc.record({
  nick: textArbitrary(NICK_BYTES_MAX),
  text: fc.oneof({ weight: 9, arbitrary: textArbitrary(400) }, { weight: 1, arbitrary: textArbitrary(20_000) }),
});

/** Within the bounds of its kind. */
export const bodyTextArbitrary = (kind: MessageKind): fc.Arbitrary<TextBody> => {
  const line = (characters: number) => fc.string({ unit: "grapheme", maxLength: Math.floor(characters / 4) });
  const texts: { [K in MessageKind]?: fc.Arbitrary<string> } = {
    react: fc.oneof(line(REACTION_CHARACTERS_MAX), fc.constantFrom("", "👍🏽", "👩‍👩‍👧‍👦", "🏴󠁧󠁢󠁷󠁬󠁳󠁿")),
    topic: line(64),
    delete: fc.constant(""),
  };
  return fc.record({ nick: textArbitrary(NICK_BYTES_MAX), text: texts[kind] ?? textArbitrary(400) });
};

/** Of any kind, with any body: an envelope looks into neither. */
export const envelopeArbitrary: fc.Arbitrary<Envelope> = fc.record({
  author: peerArbitrary,
  seq: varintArbitrary,
  hlc: u48Arbitrary().map((hlc) => Math.min(hlc, HLC_MAX)),
  parents: fc.uniqueArray(messageIdArbitrary, { maxLength: PARENTS_MAX }).map((parents) => parents.sort()),
  kind: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: KIND_MAX })),
  target: fc.option(messageIdArbitrary, { nil: undefined }),
  body: fc.oneof({ weight: 9, arbitrary: bytesArbitrary(0, 400) }, { weight: 1, arbitrary: bytesArbitrary(0, 20_000) }),
});

/** In the erased form: of any kind but a delete, and with a proof that proves nothing. */
export const erasedArbitrary: fc.Arbitrary<Envelope> = fc
  .record({
    envelope: envelopeArbitrary,
    bodyBytes: fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: BODY_BYTES_MAX })),
    hash: bytesArbitrary(BODY_HASH_BYTES, BODY_HASH_BYTES),
    proof: bytesArbitrary(0, DELETE_BYTES_MAX),
  })
  .map(({ envelope, ...erasure }) => ({
    ...envelope,
    kind: envelope.kind === DELETE_KIND ? 1 : envelope.kind,
    body: new Uint8Array(),
    erasure,
  }));

export const statementArbitrary: fc.Arbitrary<StatementContent> = fc.record({
  peer: peerArbitrary,
  boot: bootArbitrary,
  linkKey: hexArbitrary(32) as fc.Arbitrary<LinkKey>,
  incarnation: u48Arbitrary(),
  status: fc.constantFrom("alive", "left"),
  nick: textArbitrary(NICK_BYTES_MAX),
  endpoints: fc.array(endpointArbitrary, { maxLength: ENDPOINTS_MAX }),
  extensions: extensionsArbitrary(256),
});

/** `encoded` with one to three of its bytes changed, lost or added, or its end cut off. */
export const mutatedArbitrary = (encoded: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> =>
  fc
    .tuple(
      encoded,
      fc.array(fc.tuple(fc.nat({ max: 4 }), fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 3 }),
    )
    .map(([bytes, changes]) => changes.reduce((changed, [kind, at, value]) => mutate(changed, kind, at, value), bytes));

/** One change; `kind` 0..4, `at` any natural number, `value` 0..255. */
export function mutate(bytes: Uint8Array, kind: number, at: number, value: number): Uint8Array {
  const index = bytes.length === 0 ? 0 : at % bytes.length;
  const [head, tail] = [bytes.subarray(0, index), bytes.subarray(index)];
  if (kind === 0) return Buffer.concat([head, Uint8Array.of((tail[0] ?? 0) ^ (1 << (value & 7))), tail.subarray(1)]);
  if (kind === 1) return Buffer.concat([head, Uint8Array.of(value), tail.subarray(1)]);
  if (kind === 2) return Buffer.concat([head, Uint8Array.of(value), tail]);
  if (kind === 3) return Buffer.concat([head, tail.subarray(1)]);
  return Uint8Array.from(head);
}

// --- internal ---

function u48Arbitrary(): fc.Arbitrary<number> {
  return fc.oneof(
    fc.maxSafeNat().map((value) => value % (U48_MAX + 1)),
    fc.constantFrom(0, U48_MAX),
  );
}

function largeSizeArbitrary(): fc.Arbitrary<number> {
  return fc.integer({ min: LARGE_BYTES_MIN, max: MESSAGE_BYTES_MAX });
}

/** Of a later version. */
function unknownFrameArbitrary(): fc.Arbitrary<Frame> {
  return fc.record({
    type: fc.constant("unknown"),
    number: fc.integer({ min: UNKNOWN_FROM, max: 255 }),
    bytes: bytesArbitrary(0, 300),
  });
}

/** Disjoint, the newest first. */
function stretchesArbitrary(): fc.Arbitrary<Stretch[]> {
  return fc.uniqueArray(boundArbitrary, { minLength: 2, maxLength: 2 * STRETCHES_MAX }).map((bounds) => {
    const sorted = [...bounds].sort().reverse();
    return Array.from({ length: sorted.length >> 1 }, (_, index) => ({
      hi: sorted[2 * index] as Bound,
      lo: sorted[2 * index + 1] as Bound,
    }));
  });
}

function itemArbitrary(): fc.Arbitrary<PageItem> {
  return fc.oneof(
    { weight: 4, arbitrary: bytesArbitrary(1, 180) },
    { weight: 1, arbitrary: fc.record({ id: messageIdArbitrary, bytes: largeSizeArbitrary() }) },
  );
}

function digestArbitrary(): fc.Arbitrary<SetDigest> {
  return fc.record({ count: varintArbitrary, fingerprint: hexArbitrary(8) });
}

function hashesArbitrary(minLength: number): fc.Arbitrary<string[]> {
  return fc.array(hexArbitrary(6), { minLength, maxLength: SHORT_IDS_MAX, size: "max" });
}

/** Near one another, as in a log, or anywhere, as in a roster. */
function frontsArbitrary(): fc.Arbitrary<number[]> {
  const front = fc.oneof(fc.nat({ max: 1_000 }), fc.nat({ max: U48_MAX }));
  return fc.array(front, { minLength: SHORT_IDS_MAX, maxLength: SHORT_IDS_MAX });
}

/** Not below `lo`, ascending. */
function shortIds({ lo }: Span, fronts: readonly number[], hashes: readonly string[]): ShortId[] {
  const lowest = Number.parseInt(lo.slice(0, 12).padEnd(12, "0"), 16);
  const ascending = fronts.map((front) => Math.min(lowest + front, U48_MAX)).toSorted((a, b) => a - b);
  return hashes.map((hash, at) => ((ascending[at] as number).toString(16).padStart(12, "0") + hash) as ShortId);
}

/** Descending, each once: near one another as in life, or anywhere. */
function countersArbitrary(): fc.Arbitrary<number[]> {
  return fc
    .tuple(
      headerArbitrary.map(({ counter }) => counter),
      fc.array(fc.oneof(fc.nat({ max: 200 }), varintArbitrary), { maxLength: ACK_COUNTERS_MAX - 1 }),
    )
    .map(([first, gaps]) => {
      const counters = [first];
      for (const gap of gaps) {
        const next = (counters.at(-1) as number) - gap - 1;
        if (next >= 0) counters.push(next);
      }
      return counters;
    });
}

function hexByte(value: number): string {
  return value.toString(16).padStart(2, "0");
}
