/** Keys in words: the same on every machine for ever, and words that can be read out without a mistake. */
import { describe, expect, it } from "vitest";
import { areWordsOf, KEY_WORDS, keyWords } from "../../../src/chat/model/keyWords.ts";
import { KEY_WORD_LIST } from "../../../src/chat/model/wordList.ts";
import type { PeerId } from "../../../src/wire/ids.ts";

const zeros = "00".repeat(32) as PeerId;
const ones = "ff".repeat(32) as PeerId;
/** The key of the first test of RFC 8032. */
const rfc = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a" as PeerId;

describe("the words of a key", () => {
  it.each([
    [zeros, "tomato winter oasis amber avenue chess koala topaz"],
    [ones, "shovel lilac iron tulip orchid enamel circus mask"],
    [rfc, "legend tulip avenue gadget legend palace market potato"],
  ])("of %s are these", (key, words) => {
    expect(keyWords(key)).toBe(words);
  });

  it("are eight, and others where one bit of the key is another", () => {
    expect(keyWords(zeros).split(" ")).toHaveLength(KEY_WORDS);
    const flipped = `${zeros.slice(0, 63)}1` as PeerId;
    expect(
      keyWords(flipped)
        .split(" ")
        .filter((word, at) => word === keyWords(zeros).split(" ")[at]).length,
    ).toBeLessThan(3);
  });

  it("are taken in any case, with commas, points and more blanks, and not with one that differs", () => {
    const words = keyWords(rfc);
    const parts = words.split(" ");
    for (const typed of [words, words.toUpperCase(), `  ${parts.join(" ,  ")}. `, parts.join(";\t")])
      expect(areWordsOf(rfc, typed)).toBe(true);
    const other = KEY_WORD_LIST.find((word) => word !== parts[7]);
    const wrong = [parts.slice(0, 7), [...parts.slice(0, 7), other], [...parts, parts[7]], parts.toReversed(), []];
    for (const typed of wrong) expect(areWordsOf(rfc, typed.join(" "))).toBe(false);
    expect(areWordsOf(zeros, words)).toBe(false);
    expect(areWordsOf(rfc, `${words} ${" ".repeat(1_000)}`)).toBe(false);
  });
});

describe("the list of words", () => {
  it("has 256, all different, of three to six small letters, in order", () => {
    expect(KEY_WORD_LIST).toHaveLength(256);
    expect(new Set(KEY_WORD_LIST).size).toBe(256);
    expect(KEY_WORD_LIST.filter((word) => !/^[a-z]{3,6}$/.test(word))).toEqual([]);
    expect(KEY_WORD_LIST.toSorted()).toEqual(KEY_WORD_LIST);
  });

  it("has no word that begins another, or that differs from it in one letter", () => {
    const close = KEY_WORD_LIST.flatMap((one, at) =>
      KEY_WORD_LIST.slice(at + 1)
        .filter((other) => other.startsWith(one) || isOneOff(one, other))
        .map((other) => `${one} ${other}`),
    );
    expect(close).toEqual([]);
  });
});

/** One letter more, less or another. */
function isOneOff(one: string, other: string): boolean {
  let front = 0;
  while (front < one.length && one[front] === other[front]) front += 1;
  const rests = [
    [one.slice(front + 1), other.slice(front + 1)],
    [one.slice(front), other.slice(front + 1)],
    [one.slice(front + 1), other.slice(front)],
  ];
  return rests.some(([a, b]) => a === b);
}
