/** What nodes say that they have is read from their datagrams: acknowledgements of what brought a message, and receipts. */
import { describe, expect, test } from "vitest";
import { identityFromSeed } from "../../../src/crypto/identity.ts";
import { createRoomKeys } from "../../../src/crypto/roomKeys.ts";
import { signMessage } from "../../../src/crypto/signed.ts";
import { createClaims } from "../../../src/sim/run/claims.ts";
import type { Opened } from "../../../src/sim/world/opened.ts";
import type { Endpoint } from "../../../src/wire/endpoint.ts";
import type { Frame } from "../../../src/wire/frames.ts";
import { type BootId, toHex } from "../../../src/wire/ids.ts";
import { privateRoom, unsigned } from "../../suites/said.ts";

const roomKeys = createRoomKeys(privateRoom(3));
const author = identityFromSeed(new Uint8Array(32).fill(5));
const [anna, bob] = ["a".repeat(16), "b".repeat(16)] as [BootId, BootId];
const one = signMessage(roomKeys, author, unsigned({ seq: 1, hlc: 1_000, text: "one" }));
const two = signMessage(roomKeys, author, unsigned({ seq: 2, hlc: 2_000, text: "two" }));
const slice = { order: 0, lo: 0, last: 1 };

function watch() {
  const claimed: string[] = [];
  const claims = createClaims({
    roomKeys,
    authors: [author.id],
    claimed: (by, id, how) => claimed.push(`${by[0]} ${how} ${id === one.id ? "one" : id === two.id ? "two" : id}`),
  });
  /** `from` sends it to `to`. */
  const pass = (from: BootId, to: BootId, counter: number, ...frames: readonly Frame[]): void => {
    const header = { type: "addressed", roomTag: roomKeys.tag, boot: from, counter, salt: 0 } as const;
    const at = "10.0.0.1:1" as Endpoint;
    claims.see({ header, frames, from: at, to: at, addressee: to } satisfies Opened);
  };
  return { claimed, pass };
}

const ack = (...counters: readonly number[]): Frame => ({ type: "ack", counters, delayMs: 0, echo: 0 });

describe("an acknowledgement claims every message that its datagram brought", () => {
  test.each<[string, readonly Frame[], readonly string[]]>([
    ["relayed", [{ type: "push", slice, message: one.bytes }], ["one"]],
    [
      "given",
      [
        { type: "message", bytes: one.bytes },
        { type: "message", bytes: two.bytes },
      ],
      ["one", "two"],
    ],
    [
      "relayed without what the receiver knows of its author",
      [{ type: "brief", slice, front: author.id.slice(0, 16), rest: one.bytes.subarray(32) }],
      ["one"],
    ],
    [
      "in a page",
      [
        {
          type: "page",
          set: "log",
          number: 1,
          index: 0,
          isLast: true,
          lo: "",
          hi: toHex(one.bytes),
          items: [one.bytes],
        },
      ],
      ["one"],
    ],
    ["only named", [{ type: "advertise", slice, id: one.id }], []],
    ["of an author whom nobody knows", [{ type: "brief", slice, front: "0".repeat(16), rest: one.bytes }], []],
    ["damaged", [{ type: "message", bytes: one.bytes.subarray(0, 20) }], []],
  ])("%s", (_, frames, expected) => {
    const { claimed, pass } = watch();
    pass(anna, bob, 7, ...frames);
    pass(bob, anna, 1, ack(7, 6));
    expect(claimed).toEqual(expected.map((name) => `b acknowledged ${name}`));
  });

  test("and nothing of another datagram, or of another sender's with the same counter", () => {
    const { claimed, pass } = watch();
    pass(anna, bob, 7, { type: "message", bytes: one.bytes });
    pass(bob, anna, 7, { type: "ping" });
    pass(bob, anna, 8, ack(8));
    pass(anna, bob, 8, ack(7));
    expect(claimed).toEqual([]);
  });
});

test("a receipt claims the message that it is about", () => {
  const { claimed, pass } = watch();
  pass(bob, anna, 1, { type: "receipt", id: two.id, slice, reached: 1, of: 1, lacking: [] });
  expect(claimed).toEqual(["b gave a receipt for two"]);
});
