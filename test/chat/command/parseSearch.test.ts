/** What `/search` is asked for, and what it refuses. */
import { describe, expect, it } from "vitest";
import { type AskedSearch, parseSearch } from "../../../src/chat/command/parseSearch.ts";
import { refusalText } from "../../../src/chat/model/sentences.ts";
import { idsFrom } from "../../../src/node/search.ts";

const asked = (typed: string): AskedSearch => {
  const result = parseSearch(typed);
  if ("code" in result) throw new Error(refusalText(result));
  return result;
};
const refused = (typed: string): string => {
  const result = parseSearch(typed);
  if (!("code" in result)) throw new Error(`taken: ${typed}`);
  return refusalText(result);
};

describe("a search", () => {
  it("is a text as it stands, with blanks and quotes in it", () => {
    expect(asked("two  words")).toMatchObject({ room: undefined, query: { text: "two  words" } });
    expect(asked('say "hi" twice').query.text).toBe('say "hi" twice');
    expect(asked("at 12:30").query.text).toBe("at 12:30");
    expect(asked("https://example.org").query.text).toBe("https://example.org");
    expect(asked("re: coffee").query.text).toBe("re: coffee");
  });

  it("takes what stands in quotes as text, whatever it looks like", () => {
    expect(asked('"from:anna"').query).toMatchObject({ text: "from:anna", from: undefined });
    expect(asked('"note:5"').query.text).toBe("note:5");
    expect(asked('from:bob " two "').query).toMatchObject({ text: " two ", from: "bob" });
  });

  it("is narrowed by words before the text or after it, in any order and case", () => {
    const { room, query } = asked("in:lab From:Anna after:2026-05-03 coffee before:2026-05-04T10:00");
    expect(room).toBe("lab");
    expect(query).toEqual({
      text: "coffee",
      from: "Anna",
      since: idsFrom(new Date(2026, 4, 3).getTime()),
      before: idsFrom(new Date(2026, 4, 4, 10).getTime()),
    });
    expect(asked("from:anna").query).toMatchObject({ text: "", from: "anna" });
    const id = "ab".repeat(24);
    expect(asked(`tea before:${id}`).query.before).toBe(id);
    expect(asked("tea before:2026-05-03T10:00:00.500Z").query.before).toBe(
      idsFrom(Date.UTC(2026, 4, 3, 10, 0, 0, 500)),
    );
  });

  it.each(["2026-13-01", "2026-02-29", "2026-5-3", "2026-05-03T24:00", "2026-05-03T10", "yesterday", "3.5.2026"])(
    "refuses %s as a date, and says what would fit",
    (date) => {
      expect(refused(`before:${date} tea`)).toBe(
        `before:${date} is no date: wanted 2026-05-03 or 2026-05-03T10:00, as in /search from:anna after:2026-05-03 coffee`,
      );
    },
  );

  it("takes the 29th of February where there is one", () => {
    expect(asked("after:2028-02-29 tea").query.since).toBe(idsFrom(new Date(2028, 1, 29).getTime()));
  });

  it("refuses a word that it does not know, and says how to find it as text", () => {
    expect(refused("form:anna tea")).toBe(
      '/search knows from: in: before: and after:, not form:anna; to find it as text: /search "form:anna"',
    );
  });

  it.each(["in:lab", "   "])("that asks for nothing is refused: %s", (typed) => {
    expect(refused(typed)).toMatch(/^nothing to look for/);
  });
});
