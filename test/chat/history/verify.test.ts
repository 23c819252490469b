/** A history file without a key or a network: who said what, what is wrong with it, and what is missing. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { summaryLines, wrongText } from "../../../src/chat/history/sentences.ts";
import { type HistorySummary, isGood, type VerifyItem, verifyHistory } from "../../../src/chat/history/verify.ts";
import { createRoomKeys } from "../../../src/crypto/roomKeys.ts";
import { eraseMessage, readMessage, type SignedMessage } from "../../../src/crypto/signed.ts";
import { encodeBody } from "../../../src/wire/bodies/body.ts";
import { privateRoom } from "../../suites/said.ts";
import { allOf, asInput, createTalk, fileOf, LAB, smallTalk, TALK_START } from "../../suites/signedTalk.ts";

type Checked = {
  readonly texts: string[];
  readonly wrong: string[];
  readonly summary: HistorySummary;
  readonly isGood: boolean;
};

async function check(lines: readonly string[]): Promise<Checked> {
  return checkBytes(asInput(lines));
}

async function checkBytes(input: Iterable<Uint8Array>): Promise<Checked> {
  const items: VerifyItem[] = await allOf(verifyHistory(input));
  const last = items.at(-1);
  if (last?.type !== "summary") throw new Error("no summary");
  return {
    texts: items.flatMap((item) => (item.type === "message" ? [item.message.text] : [])),
    wrong: items.flatMap((item) => (item.type === "bad" ? [wrongText(item.line, item.trouble).trim()] : [])),
    summary: last.summary,
    isGood: isGood(last.summary),
  };
}

async function checkMessages(messages: readonly SignedMessage[]): Promise<Checked> {
  return check(await fileOf(messages));
}

describe("a file as it was exported", () => {
  it("is good, and tells who said what in the order of the room", async () => {
    const checked = await checkMessages(smallTalk(5).messages);
    expect(checked).toMatchObject({ wrong: [], isGood: true });
    expect(checked.texts).toEqual(["line 1", "line 2", "line 3", "line 4", "line 5"]);
    expect(checked.summary.authors.map(({ author, messages }) => [author.nick, messages])).toEqual([
      ["anna", 3],
      ["bob", 2],
    ]);
    const lines = summaryLines(checked.summary);
    expect(lines[0]).toMatch(/^-- the open room #lab: 5 messages by 2 authors, 2026-01-31T12:00:00\.000Z to /);
    expect(lines.slice(-2)).toEqual([
      "-- nothing in between is missing, as far as these messages tell",
      "-- all signatures are good",
    ]);
  });

  it("counts what was deleted, and names what somebody cut out", async () => {
    const talk = smallTalk(4);
    const [first, second] = talk.messages as [SignedMessage, SignedMessage];
    const by = talk.say("anna", "", { target: first.id });
    const deletion = talk.say("anna", "", { kind: 7, target: first.id, body: encodeBody("text", "anna", "").body });
    const form = (of: SignedMessage, proof: SignedMessage): SignedMessage =>
      readMessage(createRoomKeys(LAB.secret), eraseMessage(of.bytes, proof.bytes) as Uint8Array) as SignedMessage;
    const rest = talk.messages.slice(1);
    const checked = await checkMessages([form(first, deletion), ...rest]);
    expect(checked).toMatchObject({ wrong: [], isGood: true, summary: { messages: 6, erased: 1, missingParents: 0 } });
    expect(checked.texts[0]).toBe("");
    expect(summaryLines(checked.summary)).toContain("-- 1 message was deleted by the author: the words are gone");
    const cut = await checkMessages([form(first, deletion), form(second, by), ...rest.slice(1)]);
    expect([cut.isGood, cut.wrong]).toEqual([
      false,
      ["3  -- its words are cut out, and nothing proves that its author deleted it"],
    ]);
  });

  it("of a private room is checked without its key", async () => {
    const room = { name: "den", private: true, secret: privateRoom(3) };
    const { isGood: good, summary } = await check(await fileOf(smallTalk(3, room).messages, room));
    expect(good).toBe(true);
    expect(summaryLines(summary)[0]).toContain("the private room #den: 3 messages");
  });

  it("is the same from every node with this history", async () => {
    expect(await fileOf(smallTalk(4).messages)).toEqual(await fileOf(smallTalk(4).messages));
  });

  it("through a program that ends lines with CR LF is good as well", async () => {
    const lines = await fileOf(smallTalk(2).messages);
    expect((await checkBytes([Buffer.from(lines.map((line) => `${line}\r\n`).join(""))])).isGood).toBe(true);
  });
});

describe("a file in which something was changed", () => {
  it("is never good, whichever byte it is", async () => {
    const room = { name: "den", private: true, secret: privateRoom(3) };
    const whole = Buffer.from(`${(await fileOf(smallTalk(3, room).messages, room)).join("\n")}\n`);
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 2), fc.integer({ min: 1, max: 255 }), async (at, bits) => {
        const changed = Buffer.from(whole);
        changed[at] = (changed[at] as number) ^ bits;
        expect((await checkBytes([changed])).isGood).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  const changed = async (change: (line: { [field: string]: unknown }) => void): Promise<string[]> => {
    const lines = await fileOf(smallTalk(5).messages);
    const line = JSON.parse(lines[3] as string);
    change(line);
    const checked = await check(lines.with(3, JSON.stringify(line)));
    expect(checked.isGood).toBe(false);
    expect(checked.texts).not.toContain("line 3");
    expect(checked.texts).toContain("line 4");
    return checked.wrong;
  };
  const flipped = (signed: unknown, at: number): string => {
    const bytes = Buffer.from(String(signed), "base64");
    const place = at < 0 ? bytes.length + at : at;
    bytes[place] = (bytes[place] as number) ^ 1;
    return bytes.toString("base64");
  };

  it("names the line and what is wrong with it, and says it once", async () => {
    expect(
      await changed((line) => {
        line.signed = flipped(line.signed, -1);
      }),
    ).toEqual(["4  -- the signature does not fit"]);
    expect(
      await changed((line) => {
        line.signed = flipped(line.signed, 40);
      }),
    ).toEqual(["4  -- its id does not fit its signed bytes: it was changed, or is of another room"]);
    expect(
      await changed((line) => {
        line.text = "something else";
      }),
    ).toEqual(["4  -- what is written out is not what was signed: text"]);
    expect(
      await changed((line) => {
        line.signed = `${line.signed}=`;
      }),
    ).toEqual(['4  -- its field "signed" makes no sense']);
    expect(
      await changed((line) => {
        line.type = "massage";
      }),
    ).toEqual(["4  -- it is no record of a history"]);
  });

  it("names a message that was signed for another room", async () => {
    const den = { name: "den", private: true, secret: privateRoom(3) };
    const [, foreign] = await fileOf(smallTalk(1, den).messages, den);
    const lines = await fileOf(smallTalk(2).messages);
    const { wrong } = await check([lines[0] as string, foreign as string, lines[2] as string, lines[3] as string]);
    expect(wrong).toEqual(["2  -- its id does not fit its signed bytes: it was changed, or is of another room"]);
  });

  it("names lines that are lacking, doubled or in another order", async () => {
    const [header, one, two, three, end] = (await fileOf(smallTalk(3).messages)) as [
      string,
      string,
      string,
      string,
      string,
    ];
    expect((await check([header, one, three, end])).wrong).toEqual(["4  -- the file had 3 messages and has 2"]);
    expect((await check([header, one, two, two, three, end])).wrong).toEqual([
      "4  -- it stands there a second time",
      "6  -- the file had 3 messages and has 4",
    ]);
    expect((await check([header, two, one, three, end])).wrong).toEqual(["3  -- it stands after a newer one"]);
    expect((await check([header, one, two, three, end, one])).wrong).toEqual(["6  -- something stands after the end"]);
    expect((await check([header, one, header, two, three, end])).wrong).toContain(
      "3  -- a second header: a file holds the history of one room",
    );
  });

  it("and is cut off, wherever that is, says so", async () => {
    const whole = Buffer.from((await fileOf(smallTalk(3).messages)).map((line) => `${line}\n`).join(""));
    const lengths = Array.from({ length: 40 }, (_, n) => Math.floor((whole.length * n) / 40));
    for (const length of lengths) {
      const checked = await checkBytes([whole.subarray(0, length)]);
      expect(checked.isGood, `cut at ${length}`).toBe(false);
      if (length > 200)
        expect(checked.wrong.at(-1), `cut at ${length}`).toMatch(/the file is cut off here|it is no JSON/);
    }
  });

  it.each([
    ["", "1  -- this is no history file: it is empty"],
    ["\n", "1  -- this is no history file: it does not begin with the header of one"],
    ['{"type":"message"}\n', "1  -- this is no history file: it does not begin with the header of one"],
    ["\u007fELF", "1  -- this is no history file: it does not begin with the header of one"],
    ['{"type":"smplchat-history","version":2}\n', "1  -- a newer smplchat wrote this file: update this one to read it"],
    ['{"type":"smplchat-history","version":1,"room":{}}\n', '1  -- its field "room.name" makes no sense'],
  ])("is refused in words if it is no history: %j", async (text, words) => {
    const checked = await checkBytes([Buffer.from(text)]);
    expect(checked).toMatchObject({ wrong: [words], isGood: false });
  });

  it("is refused if its open room has the id of another", async () => {
    const room = { name: "den", private: false, secret: privateRoom(3) };
    expect((await check(await fileOf(smallTalk(1, room).messages, room))).wrong).toEqual([
      "1  -- the id of the room is not that of its name",
    ]);
  });
});

describe("what is missing", () => {
  const without = (talk: readonly SignedMessage[], ...texts: number[]): SignedMessage[] =>
    talk.filter((_, at) => !texts.includes(at + 1));

  it("is counted by author, and by the messages that others had seen: the file is good all the same", async () => {
    const talk = smallTalk(9).messages;
    // anna said 1, 3, 5, 7, 9.
    const checked = await checkMessages(without(talk, 3, 5));
    expect(checked).toMatchObject({ isGood: true, wrong: [] });
    const lines = summaryLines(checked.summary);
    expect(lines).toContainEqual(expect.stringMatching(/^-- anna·\w{4}: 2 missing between lines 2 and 6$/));
    expect(lines).toContain("-- 2 messages that somebody here had seen are missing");
    expect(lines).not.toContainEqual(expect.stringContaining("nothing in between"));
  });

  it("at the end of somebody's words leaves no trace but with those who answered", async () => {
    const checked = await checkMessages(without(smallTalk(9).messages, 8));
    expect(checked.summary.authors.flatMap(({ gaps }) => gaps)).toEqual([]);
    expect(checked.summary.missingParents).toBe(1);
  });

  it("is not what a new start leaps over", async () => {
    const talk = createTalk();
    talk.say("anna", "before");
    talk.say("anna", "after", { seq: TALK_START + 3_600_000, hlc: TALK_START + 3_600_500 });
    const { summary } = await checkMessages(talk.messages);
    expect(summaryLines(summary)).toContain("-- nothing in between is missing, as far as these messages tell");
  });

  it("in a start that lasts is found, however much it is", async () => {
    const talk = createTalk();
    talk.say("anna", "before", { hlc: TALK_START + 36_000_000 });
    talk.say("anna", "after", { seq: TALK_START + 1_001, hlc: TALK_START + 37_000_000 });
    expect((await checkMessages(talk.messages)).summary.authors[0]?.missing).toBe(1_000);
  });

  it("is told apart from a key that is in use twice", async () => {
    const talk = createTalk();
    talk.say("anna", "one");
    talk.say("anna", "another", { seq: TALK_START });
    const { summary, isGood: good } = await checkMessages(talk.messages);
    expect(good).toBe(true);
    expect(summaryLines(summary)).toContainEqual(
      expect.stringContaining("two messages bear one number, 1 time: the key"),
    );
  });
});
