/** Frames come back as they were sent, and what is accepted has one encoding. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CursorError } from "../../src/wire/cursor.ts";
import { COUNTER_MAX, FRAMES_BYTES_MAX } from "../../src/wire/datagram.ts";
import {
  ACK_COUNTERS_MAX,
  decodeFrames,
  END,
  elicitsAck,
  encodeFrame,
  type Frame,
  proofFor,
  UNKNOWN_FROM,
} from "../../src/wire/frames.ts";
import type { MessageId, ShortId } from "../../src/wire/ids.ts";
import { SHORT_IDS_MAX } from "../../src/wire/range.ts";
import { bytesArbitrary, frameArbitrary, framesArbitrary, mutatedArbitrary } from "./arbitraries.ts";

const encoded = (frames: readonly Frame[]): Buffer => Buffer.concat(frames.map(encodeFrame));
const decoded = (hex: string): Frame[] | "bad-frame" => decodeFrames(Buffer.from(hex, "hex"));

describe("frames", () => {
  it("come back one by one", () => {
    fc.assert(
      fc.property(frameArbitrary, (frame) => {
        const bytes = encodeFrame(frame);
        expect(bytes.length).toBeLessThanOrEqual(FRAMES_BYTES_MAX);
        expect(decodeFrames(bytes)).toEqual([frame]);
      }),
      { numRuns: 3_000 },
    );
  });

  it("come back one after another", () => {
    fc.assert(
      fc.property(framesArbitrary, (frames) => {
        expect(decodeFrames(encoded(frames))).toEqual(frames);
      }),
      { numRuns: 1_000 },
    );
  });

  it("are accepted in one encoding alone", () => {
    const bytes = fc.oneof(mutatedArbitrary(framesArbitrary.map(encoded)), bytesArbitrary(0, 80));
    let accepted = 0;
    fc.assert(
      fc.property(bytes, (given) => {
        const frames = decodeFrames(given);
        if (frames === "bad-frame") return;
        accepted += 1;
        expect(encoded(frames)).toEqual(Buffer.from(given));
      }),
      { numRuns: 4_000, seed: 1 },
    );
    expect(accepted).toBeGreaterThan(400);
  });

  it("are refused whole when one of them is bad", () => {
    fc.assert(
      fc.property(framesArbitrary, fc.integer({ min: 25, max: 255 }), (frames, number) => {
        const withoutPadding = frames.filter((frame) => frame.type !== "padding");
        expect(decodeFrames(Buffer.concat([encoded(withoutPadding), Uint8Array.of(number)]))).toBe("bad-frame");
      }),
    );
  });

  it("cut off within one are refused", () => {
    fc.assert(
      fc.property(frameArbitrary, fc.nat(), (frame, cut) => {
        const bytes = encodeFrame(frame);
        const length = 1 + (cut % bytes.length);
        if (length < bytes.length) expect(decodeFrames(bytes.subarray(0, length))).toBe("bad-frame");
      }),
      { numRuns: 1_000 },
    );
  });

  it("of an empty datagram are none", () => {
    expect(decodeFrames(new Uint8Array(0))).toEqual([]);
  });

  it("that do not fit a datagram are not made", () => {
    const order = { order: 0, lo: 0, last: 1 };
    const message = new Uint8Array(FRAMES_BYTES_MAX - 1 - 9 - 2);
    expect(encodeFrame({ type: "push", slice: order, message }).length).toBe(FRAMES_BYTES_MAX);
    const tooLong = new Uint8Array(message.length + 1);
    expect(() => encodeFrame({ type: "push", slice: order, message: tooLong })).toThrow(CursorError);
  });
});

describe("a frame of a later version", () => {
  const unknown = (number: number, bytes: Uint8Array): Frame => ({ type: "unknown", number, bytes });

  it("is its number and sized bytes, and costs none of those around it", () => {
    expect(decoded("02" + "20" + "03" + "aabbcc" + "02" + "ff" + "00" + "02")).toEqual([
      { type: "ping" },
      unknown(32, Buffer.from("aabbcc", "hex")),
      { type: "ping" },
      unknown(255, Buffer.alloc(0)),
      { type: "ping" },
    ]);
  });

  it("between any others comes back as it came, and they do as well", () => {
    const number = fc.integer({ min: UNKNOWN_FROM, max: 255 });
    fc.assert(
      fc.property(
        fc.array(frameArbitrary),
        framesArbitrary,
        number,
        bytesArbitrary(0, 300),
        (front, rest, at, bytes) => {
          const frames = [...front, unknown(at, bytes), ...rest];
          expect(decodeFrames(encoded(frames))).toEqual(frames);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("may fill a datagram, and no more", () => {
    const fits = unknown(32, Buffer.alloc(FRAMES_BYTES_MAX - 3, 1));
    expect(encodeFrame(fits)).toHaveLength(FRAMES_BYTES_MAX);
    expect(decodeFrames(encodeFrame(fits))).toEqual([fits]);
    expect(() => encodeFrame(unknown(32, Buffer.alloc(FRAMES_BYTES_MAX - 2)))).toThrow(CursorError);
  });

  it.each([
    ["that goes beyond its datagram", "20" + "04" + "aabbcc"],
    ["whose size goes beyond any datagram", `20${"8e09"}${"00".repeat(1_200)}`],
    ["whose size is not in its shortest form", "20" + "8100" + "aa"],
    ["without a size", "20"],
    ["below the first that may be unknown", "19" + "00"],
    ["right below it", "1f" + "00"],
  ])("%s is refused", (_, hex) => {
    expect(decoded(`02${hex}`)).toBe("bad-frame");
  });

  it.each([0, 24, 31, 256])("is not made with the number %d", (number) => {
    expect(() => encodeFrame(unknown(number, new Uint8Array(0)))).toThrow(CursorError);
  });

  it("asks for an acknowledgement and for no proof", () => {
    expect([elicitsAck(unknown(32, new Uint8Array(0))), proofFor(unknown(32, new Uint8Array(0)))]).toEqual([
      true,
      "nothing",
    ]);
  });
});

describe("padding", () => {
  it("is zeros up to the end", () => {
    expect(encodeFrame({ type: "padding", bytes: 3 })).toEqual(Buffer.alloc(3));
    expect(decoded("02000000")).toEqual([{ type: "ping" }, { type: "padding", bytes: 3 }]);
    expect(decoded("0200000002")).toBe("bad-frame");
  });

  it("fills a datagram exactly", () => {
    const bytes = FRAMES_BYTES_MAX;
    expect(decodeFrames(encodeFrame({ type: "padding", bytes }))).toEqual([{ type: "padding", bytes }]);
    expect(() => encodeFrame({ type: "padding", bytes: bytes + 1 })).toThrow(CursorError);
  });
});

describe("an ack", () => {
  it("gives the largest counter and then the gaps", () => {
    const frame: Frame = { type: "ack", counters: [300, 299, 297, 0], delayMs: 7, echo: 0x01020304 };
    expect(Buffer.from(encodeFrame(frame)).toString("hex")).toBe("01ac0207" + "01020304" + "0300" + "01" + "a802");
    expect(decoded("01ac0207" + "01020304" + "0300" + "01" + "a802")).toEqual([frame]);
  });

  it("is refused when it falls below zero or starts above every counter", () => {
    expect(decoded("0105" + "00" + "00000000" + "0105")).toBe("bad-frame");
    const top: Frame = { type: "ack", counters: [COUNTER_MAX], delayMs: 0, echo: 0 };
    expect(decodeFrames(encodeFrame(top))).toEqual([top]);
    expect(() => encodeFrame({ ...top, counters: [COUNTER_MAX + 1] })).toThrow(CursorError);
    expect(decoded("0180808080808040" + "00" + "00000000" + "00")).toBe("bad-frame");
  });

  it("holds one to 32 counters", () => {
    const counters = (count: number): number[] => Array.from({ length: count }, (_, index) => count - index);
    const full: Frame = { type: "ack", counters: counters(ACK_COUNTERS_MAX), delayMs: 0, echo: 0 };
    expect(decodeFrames(encodeFrame(full))).toEqual([full]);
    expect(() => encodeFrame({ ...full, counters: counters(ACK_COUNTERS_MAX + 1) })).toThrow(CursorError);
    expect(decoded("0120" + "00" + "00000000" + "20" + "00".repeat(32))).toBe("bad-frame");
    expect(() => encodeFrame({ type: "ack", counters: [], delayMs: 0, echo: 0 })).toThrow(CursorError);
    expect(() => encodeFrame({ type: "ack", counters: [1], delayMs: 256, echo: 0 })).toThrow(CursorError);
  });
});

describe("a digest", () => {
  it("keeps numbers of 32 bits at most, and says whole minutes", () => {
    const set = { count: 0, fingerprint: "00".repeat(8) };
    const digest = (small: number, since = 0): Frame => {
      const keeps = { since, small, large: 0 };
      return { type: "digest", log: set, keeps, isForReceiver: true, roster: set, isStored: false };
    };
    expect(decodeFrames(encodeFrame(digest(2 ** 32 - 1)))).toEqual([digest(2 ** 32 - 1)]);
    expect(decodeFrames(encodeFrame(digest(1, 1_769_860_800_000)))).toEqual([digest(1, 1_769_860_800_000)]);
    expect(() => encodeFrame(digest(2 ** 32))).toThrow(CursorError);
    expect(() => encodeFrame(digest(1, 90_000))).toThrow(CursorError);
    expect(() => encodeFrame(digest(1, 2 ** 48))).toThrow(CursorError);
    expect(decoded("0300" + "00".repeat(8) + "00" + "8080808010" + "0000" + "00".repeat(8) + "01")).toBe("bad-frame");
    expect(decoded("0300" + "00".repeat(8) + "000000" + "00" + "00".repeat(8) + "04")).toBe("bad-frame");
  });
});

describe("a range", () => {
  const list = (lo: string, hi: string): Frame => ({ type: "list", set: "log", lo, hi, salt: "5a17ed00", ids: [] });

  it("of everything goes from the empty bound to END", () => {
    expect(Buffer.from(encodeFrame(list("", END))).toString("hex")).toBe("0e0000ff5a17ed0000");
    expect(decoded("0e0000ff5a17ed0000")).toEqual([list("", END)]);
  });

  it("has bounds as long as an id, and no longer", () => {
    const id = "00".repeat(23) + "01";
    expect(decodeFrames(encodeFrame(list("", id)))).toEqual([list("", id)]);
    expect(() => encodeFrame(list("", `${id}01`))).toThrow(CursorError);
    expect(decoded(`0e000019${id}015a17ed0000`)).toBe("bad-frame");
  });

  it.each([
    ["empty", "0e00" + "0105" + "0105" + "5a17ed0000"],
    ["backwards", "0e00" + "0106" + "0105" + "5a17ed0000"],
    ["from END", "0e00" + "ff" + "ff" + "5a17ed0000"],
    ["up to the empty bound", "0e00" + "00" + "00" + "5a17ed0000"],
    ["with a bound that ends in zero", "0e00" + "00" + "020500" + "5a17ed0000"],
    ["with a bound of zero alone", "0e00" + "0100" + "0105" + "5a17ed0000"],
    ["of a third set", "0e02" + "00" + "ff" + "5a17ed0000"],
  ])("%s is refused", (_, hex) => {
    expect(decoded(hex)).toBe("bad-frame");
  });

  it("that is empty is not made", () => {
    for (const [lo, hi] of [
      ["05", "05"],
      ["06", "05"],
      [END, END],
      ["", ""],
    ] as const)
      expect(() => encodeFrame(list(lo, hi))).toThrow(CursorError);
  });

  it("compares its bounds in the order of ids", () => {
    expect(decodeFrames(encodeFrame(list("05", "0501")))).toEqual([list("05", "0501")]);
    expect(decodeFrames(encodeFrame(list("0501", "06")))).toEqual([list("0501", "06")]);
  });

  it("lists at most 64 short ids", () => {
    const filled = (count: number): Frame => ({
      type: "list",
      set: "roster",
      lo: "",
      hi: END,
      salt: "5a17ed00",
      ids: new Array<ShortId>(count).fill("ab".repeat(12) as ShortId),
    });
    expect(decodeFrames(encodeFrame(filled(SHORT_IDS_MAX)))).toEqual([filled(SHORT_IDS_MAX)]);
    expect(() => encodeFrame(filled(SHORT_IDS_MAX + 1))).toThrow(CursorError);
    expect(decoded(`0e0100ff5a17ed0041${"00abababababab".repeat(65)}`)).toBe("bad-frame");
  });

  it("names each listed id by the distance of its front from the one before, the first from that of its lower bound", () => {
    const ids = ["0102000000ffaaaaaaaaaaaa", "010200000100bbbbbbbbbbbb", "010200000100cccccccccccc"] as ShortId[];
    const frame: Frame = { type: "list", set: "log", lo: "0102", hi: END, salt: "5a17ed00", ids };
    const hex = "0e00020102ff5a17ed0003ff01aaaaaaaaaaaa01bbbbbbbbbbbb00cccccccccccc";
    expect(Buffer.from(encodeFrame(frame)).toString("hex")).toBe(hex);
    expect(decoded(hex)).toEqual([frame]);
    expect(() => encodeFrame({ ...frame, ids: ids.toReversed() })).toThrow(CursorError);
    expect(() => encodeFrame({ ...frame, lo: "0103" })).toThrow(CursorError);
  });
});

describe("a slice", () => {
  const advertise = (order: number, lo: number, last: number): Frame => ({
    type: "advertise",
    slice: { order, lo, last },
    id: "ab".repeat(24) as MessageId,
  });

  it("may be one rank or all of them", () => {
    for (const frame of [advertise(0, 5, 5), advertise(7, 0, 2 ** 32 - 1)])
      expect(decodeFrames(encodeFrame(frame))).toEqual([frame]);
  });

  it("that is empty or of a seventeenth order is refused", () => {
    expect(() => encodeFrame(advertise(0, 6, 5))).toThrow(CursorError);
    expect(() => encodeFrame(advertise(16, 5, 5))).toThrow(CursorError);
    const id = "ab".repeat(24);
    expect(decoded(`0a000000000500000005${id}`)).toEqual([advertise(0, 5, 5)]);
    expect(decoded(`0a000000000600000005${id}`)).toBe("bad-frame");
    expect(decoded(`0a100000000500000005${id}`)).toBe("bad-frame");
  });
});
