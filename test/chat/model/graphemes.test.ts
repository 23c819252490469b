/** Graphemes looked up at a place are those that segmenting the whole text gives, and cost the same in a text of any length. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  CLUSTER_UNITS_MAX,
  clusterEnds,
  placeAfter,
  placeBefore,
  placeFrom,
  placeUpTo,
} from "../../../src/chat/model/graphemes.ts";
import { leastMs } from "../../suites/leastMs.ts";

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });

function endsOfWhole(text: string): number[] {
  return Array.from(segmenter.segment(text), ({ index, segment }) => index + segment.length);
}

/** What joins what: every kind of character that the rules of UAX 29 name, and what a text is made of. */
const character = fc.constantFrom(
  ..."aé日ก\n\r\t \u0301\u0489\u200d\u200c\ufe0f\u00ad\u200b\u202e",
  ..."क\u094dषाि\u093c",
  ..."\u1100\u1161\u11a8가각",
  ..."\u0600\u0e33\u0e31\uff9e\u3099",
  "😀",
  "👩",
  "❤",
  "👍🏽",
  "🏻",
  "\u{1f1e9}",
  "\u{1f1ea}",
  "👩‍👩‍👧",
  "\u{e0067}",
  "\ud83d",
  "\ude00",
  "\r\n",
  "plain ascii words ",
  "𠀀",
);
const text = fc.array(character, { maxLength: 120 }).map((parts) => parts.join(""));
const isOrdinary = (input: string): boolean =>
  endsOfWhole(input).every((end, at, ends) => end - (ends[at - 1] ?? 0) <= CLUSTER_UNITS_MAX);

const longText = fc
  .tuple(text, fc.constantFrom("", "😀", "🇩🇪", "👩‍👩‍👧", "क्ष", "e\u0301", "x"), fc.nat(400), text)
  .map(([before, repeated, times, after]) => before + repeated.repeat(times) + after)
  .filter(isOrdinary);

describe("graphemes", () => {
  it("are_those_of_the_whole_text", () => {
    fc.assert(
      fc.property(fc.oneof(text.filter(isOrdinary), longText), (input) => {
        expect([...clusterEnds(input)]).toEqual(endsOfWhole(input));
      }),
      { numRuns: 2000 },
    );
  });

  it("are_those_of_the_whole_text_for_every_character_between_others", () => {
    const wrong: string[] = [];
    for (let block = 0; block < 0x20000; block += 32) {
      if (block >= 0xd800 && block <= 0xdfff) continue;
      const ones = Array.from({ length: 32 }, (_, at) => String.fromCodePoint(block + at));
      for (const around of [
        (one: string) => `a${one}b`,
        (one: string) => `${one}${one}${one}\n`,
        (one: string) => `${one}\u0301${one}x`,
      ]) {
        const input = ones.map(around).join("");
        if (String([...clusterEnds(input)]) !== String(endsOfWhole(input))) wrong.push(block.toString(16));
      }
    }
    expect(wrong).toEqual([]);
  }, 60_000);

  it("a_cluster_without_end_is_taken_apart", () => {
    const marks = [...clusterEnds(`a${"\u0301".repeat(500)}b`)];
    expect(marks.length).toBeGreaterThan(400);
    expect(marks.at(-1)).toBe(502);
    const modifiers = [...clusterEnds(`a${"🏻".repeat(500)}`)];
    expect(modifiers.every((end) => end % 2 === 1)).toBe(true);
  });
});

describe("places for a cursor", () => {
  it("are_found_from_anywhere_as_from_the_start_of_the_text", () => {
    fc.assert(
      fc.property(longText, fc.nat(), (input, n) => {
        const places = [0, ...endsOfWhole(input)];
        const offset = n % (input.length + 1);
        expect(placeBefore(input, offset)).toBe(places.findLast((place) => place < offset) ?? 0);
        expect(placeUpTo(input, offset)).toBe(places.findLast((place) => place <= offset));
        expect(placeFrom(input, offset)).toBe(places.find((place) => place >= offset));
        expect(placeAfter(input, offset)).toBe(places.find((place) => place > offset) ?? input.length);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("a text of 64 Ki units", () => {
  it.each([
    ["ascii", "a"],
    ["line ends", "\n"],
    ["letters beyond ascii", "é"],
    ["letters with marks", "e\u0301"],
    ["emoji", "😀"],
    ["joined emoji", "👩🏽‍🚀"],
    ["flags", "🇩🇪"],
    ["syllables", "क्ष"],
    ["marks", "\u0301"],
    ["leading consonants", "\u1100"],
    ["prepended signs", "\u0600"],
    ["skin tones", "🏻"],
  ])("of_%s_takes_its_length_and_not_its_square", (_name, unit) => {
    const long = `x${unit.repeat(Math.floor(65_535 / unit.length))}`;
    // Segmenting it as one takes seconds where it has many graphemes.
    expect(leastMs(() => void [...clusterEnds(long)].length)).toBeLessThan(500);
    const places = () => {
      for (let n = 0; n < 100; n++) placeBefore(long, placeAfter(long, long.length - n * 600));
    };
    expect(leastMs(places)).toBeLessThan(1_000);
  });
});
