/** Short ids: the front stays, the rest is another hash in every frame, the same on both sides. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { createRoomKeys, openRoom, shortIdKey } from "../../../src/crypto/roomKeys.ts";
import { createOrderedSet } from "../../../src/protocol/idset/orderedSet.ts";
import {
  frontOfId,
  hashOfShort,
  idsWithFronts,
  newSalt,
  shortHash,
  shortIdOf,
} from "../../../src/protocol/idset/shortIds.ts";
import { END } from "../../../src/wire/frames.ts";
import type { ShortId } from "../../../src/wire/ids.ts";
import { bootArbitrary, hexArbitrary, messageIdArbitrary } from "../../wire/arbitraries.ts";

const room = createRoomKeys(openRoom("test"));
const salts = hexArbitrary(4);

it("are the same for both of two process starts, whichever of them made the frame", () => {
  fc.assert(
    fc.property(messageIdArbitrary, bootArbitrary, bootArbitrary, salts, (id, one, other, salt) => {
      const short = shortIdOf(id, shortIdKey(room, one, other, salt));
      expect(shortIdOf(id, shortIdKey(room, other, one, salt))).toBe(short);
      expect(short).toHaveLength(24);
      expect(frontOfId(short)).toBe(frontOfId(id));
      expect(hashOfShort(short)).toBe(shortHash(id, shortIdKey(room, one, other, salt)));
    }),
  );
});

it("are others under another salt, in another room, between others, and for an id that differs in its last bit", () => {
  fc.assert(
    fc.property(
      messageIdArbitrary,
      fc.uniqueArray(bootArbitrary, { minLength: 3, maxLength: 3 }),
      fc.uniqueArray(salts, { minLength: 2, maxLength: 2 }),
      (id, boots, [salt, later]) => {
        const [one, other, third] = boots as [(typeof boots)[0], (typeof boots)[0], (typeof boots)[0]];
        const key = shortIdKey(room, one, other, salt as string);
        const last = (Number.parseInt(id.at(-1) as string, 16) ^ 1).toString(16);
        const hashes = [
          shortHash(id, key),
          shortHash(id, shortIdKey(room, one, other, later as string)),
          shortHash(id, shortIdKey(createRoomKeys(openRoom("other")), one, other, salt as string)),
          shortHash(id, shortIdKey(room, one, third, salt as string)),
          shortHash(id.slice(0, -1) + last, key),
        ];
        expect(new Set(hashes).size).toBe(hashes.length);
      },
    ),
  );
});

it("have a salt of four bytes, whatever chance gives", () => {
  for (const [number, hex] of [
    [0, "00000000"],
    [0xabc, "00000abc"],
    [0xffffffff, "ffffffff"],
  ] as const)
    expect(newSalt({ u32: () => number })).toBe(hex);
});

it("are looked for among the ids with their fronts, within the range, and among so many at most", () => {
  const set = createOrderedSet<string>();
  const id = (front: number, rest: number): string =>
    front.toString(16).padStart(12, "0") + rest.toString(16).padStart(36, "0");
  const named = (...fronts: number[]): ShortId[] => fronts.map((front) => id(front, 0).slice(0, 24) as ShortId);
  const last = 2 ** 48 - 1;
  for (const front of [0, 7, 8, last]) for (let rest = 0; rest < 5; rest += 1) set.insert(id(front, rest));
  const found = (lo: string, hi: string, limit: number, ...fronts: number[]): string[] =>
    idsWithFronts(set, lo, hi, named(...fronts), limit).map(
      (one) => `${Number.parseInt(one.slice(0, 12), 16)}.${one.at(-1)}`,
    );
  expect(found("", END, 100, 7, 9, 7)).toEqual(["7.0", "7.1", "7.2", "7.3", "7.4"]);
  expect(found("", END, 100, 0, last)).toHaveLength(10);
  expect(found(id(7, 3), id(8, 1), 100, 0, 7, 8, last)).toEqual(["7.3", "7.4", "8.0"]);
  expect(found("", END, 7, 7, 8, last)).toEqual(["7.0", "7.1", "7.2", "7.3", "7.4", "8.0", "8.1"]);
});
