/** Keys of a link: two process starts agree on them, and nobody else can, whatever of the room is known. */
import { describe, expect, it } from "vitest";
import { linkKeysFrom, type PairKeys, pairKeys, randomStart } from "../../src/crypto/linkKeys.ts";
import { createRoomKeys, openRoom } from "../../src/crypto/roomKeys.ts";
import { type BootId, type LinkKey, toHex } from "../../src/wire/ids.ts";

const room = createRoomKeys(openRoom("lab"));
const end = (number: number) => ({
  boot: toHex(Buffer.alloc(8, number)) as BootId,
  key: linkKeysFrom(Buffer.alloc(32, number)),
});
const [anna, ben, carol] = [end(1), end(2), end(3)];
const publicOf = ({ boot, key }: typeof anna) => ({ boot, key: key.publicKey });
const agreed = (own: typeof anna, peer: typeof anna): PairKeys => pairKeys(room, own, publicOf(peer)) as PairKeys;

describe("two process starts", () => {
  it("agree on a key for each direction", () => {
    const [ofAnna, ofBen] = [agreed(anna, ben), agreed(ben, anna)];
    expect(ofAnna.send).toEqual(ofBen.receive);
    expect(ofAnna.receive).toEqual(ofBen.send);
    expect(ofAnna.send).not.toEqual(ofAnna.receive);
  });

  it("share it with no third, and with no other start of the same program", () => {
    const again = { boot: toHex(Buffer.alloc(8, 9)) as BootId, key: ben.key };
    const keys = [agreed(anna, ben), agreed(anna, carol), agreed(carol, ben), agreed(anna, again)];
    expect(new Set(keys.flatMap(({ send, receive }) => [toHex(send), toHex(receive)])).size).toBe(8);
  });

  it("have other keys in another room: a link key alone opens nothing", () => {
    const elsewhere = pairKeys(createRoomKeys(openRoom("lab2")), anna, publicOf(ben));
    expect(elsewhere?.send).not.toEqual(agreed(anna, ben).send);
  });
});

describe("a process start drawn by chance", () => {
  it("has a boot id of 16 hex digits and a key, others each time", () => {
    const starts = Array.from({ length: 3 }, randomStart);
    for (const { boot } of starts) expect(boot).toMatch(/^[0-9a-f]{16}$/);
    const drawn = starts.flatMap(({ boot, key }) => [boot, key.publicKey, toHex(key.secretKey)]);
    expect(new Set(drawn).size).toBe(9);
  });
});

describe("a public link key of small order", () => {
  // RFC 7748 §7: with these every secret key agrees on zeros. The last one is not canonical.
  it.each([
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  ])("%s makes no keys", (key) => {
    expect(pairKeys(room, anna, { boot: ben.boot, key: key as LinkKey })).toBeUndefined();
  });
});
