/** The lines of a history file: they say what was signed, whatever was said, and no bytes at all make their decoder throw. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { byteLines } from "../../../src/chat/history/byteLines.ts";
import { decodeLine, differingField, headerLine, messageLine } from "../../../src/chat/history/format.ts";
import { readHistory } from "../../../src/chat/history/reader.ts";
import { createRoomKeys } from "../../../src/crypto/roomKeys.ts";
import { readMessage, verifyMessage } from "../../../src/crypto/signed.ts";
import { TEXT_BYTES_MAX } from "../../../src/wire/bodies/text.ts";
import type { MessageId } from "../../../src/wire/ids.ts";
import { allOf, createTalk, fileOf, LAB, LAB_HEADER, smallTalk } from "../../suites/signedTalk.ts";

const keys = createRoomKeys(LAB.secret);
const wellFormed = (text: string): string => Buffer.from(text).toString();
const bytesOf = (line: string): Uint8Array => Buffer.from(line);

describe("a file", () => {
  it("leaves out what its author deleted, with its edits, and nothing else", async () => {
    const talk = createTalk();
    const [secret, tea] = [talk.say("anna", "a secret"), talk.say("bob", "tea")];
    const about = (name: string, text: string, kind: "edit" | "delete" | "reply", target: string) =>
      talk.say(name, text, { kind, target: target as MessageId });
    about("anna", "a secret, changed", "edit", secret.id);
    const stays = [
      tea,
      about("bob", "chai", "edit", tea.id),
      about("bob", "", "delete", secret.id),
      about("anna", "", "delete", secret.id),
      about("bob", "what was it?", "reply", secret.id),
    ];
    const lines = (await fileOf(talk.messages)).map((line) => JSON.parse(line));
    expect(lines.slice(1, -1).map(({ id }) => id)).toEqual(stays.map(({ id }) => id));
    expect(lines.at(-1)).toMatchObject({ type: "end", messages: stays.length });
    expect(Buffer.from(JSON.stringify(lines)).includes("secret")).toBe(false);
  });
});

describe("a line", () => {
  it("can be read by people, and holds the bytes that were signed", () => {
    const [first, , last] = smallTalk(3).messages;
    const line = JSON.parse(messageLine(first as NonNullable<typeof first>));
    expect(line).toMatchObject({
      type: "message",
      id: first?.id,
      author: { id: first?.content.author, nick: "anna" },
      kind: "text",
      text: "line 1",
      time: "2026-01-31T12:00:00.000Z",
      seq: first?.content.seq,
    });
    expect(Buffer.from(line.signed, "base64")).toEqual(Buffer.from(first?.bytes as Uint8Array));
    expect(line.id).not.toBe(last?.id);
  });

  it("gives back every message as it was signed, whatever its text, nick and kind", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary", maxLength: 40 }),
        fc.string({ unit: "grapheme", minLength: 1, maxLength: 16 }),
        fc.constantFrom("text" as const, "action" as const, 300),
        (text, nick, kind) => {
          const message = createTalk().say("anna", wellFormed(text) || "x", { nick: wellFormed(nick), kind });
          const line = messageLine(message);
          expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
          const decoded = decodeLine(bytesOf(line));
          if (decoded.type !== "message") throw new Error(`decoded as ${decoded.type}`);
          const again = readMessage(keys, decoded.bytes);
          expect(again?.id).toBe(message.id);
          expect(again && verifyMessage(keys, again)).toBe(true);
          expect(differingField(message, decoded.written)).toBeUndefined();
        },
      ),
    );
  });

  it("says what a reaction is about, and a changed one is told", () => {
    const talk = createTalk();
    const { id: target } = talk.say("anna", "tea?");
    const reaction = talk.say("bob", "👍", { kind: "react", target });
    const decoded = decodeLine(bytesOf(messageLine(reaction)));
    if (decoded.type !== "message") throw new Error(`decoded as ${decoded.type}`);
    expect(decoded.written).toMatchObject({ kind: "react", target, text: "👍" });
    expect(differingField(reaction, decoded.written)).toBeUndefined();
    expect(differingField(reaction, { ...decoded.written, target: reaction.id })).toBe("target");
  });

  it("of the longest text that there is fits, however much of it is escaped", () => {
    for (const text of [
      "\u0001".repeat(TEXT_BYTES_MAX),
      "\u200b".repeat(TEXT_BYTES_MAX / 3 - 1).padEnd(TEXT_BYTES_MAX / 3, "x"),
    ]) {
      const line = messageLine(createTalk().say("anna", text));
      expect(Buffer.byteLength(line)).toBeLessThan(1 << 20);
      expect(decodeLine(bytesOf(line)).type).toBe("message");
    }
  });

  it("that holds a field written out otherwise is told from what was signed", () => {
    const message = createTalk().say("anna", "hello");
    const written = JSON.parse(messageLine(message));
    const change = (changes: object): string | undefined => differingField(message, { ...written, ...changes });
    expect(change({})).toBeUndefined();
    expect(change({ text: "hullo" })).toBe("text");
    expect(change({ text: undefined })).toBe("text");
    expect(change({ author: { ...written.author, nick: "bob" } })).toBe("author.nick");
    expect(change({ author: null })).toBe("author.id");
    expect(change({ time: "2026-01-31T12:00:00.001Z" })).toBe("time");
    expect(change({ seq: 1 })).toBe("seq");
    expect(change({ kind: "action" })).toBe("kind");
    expect(change({ later: "a field of a later version" })).toBeUndefined();
  });

  it("of a kind that the writing program did not know says nothing that could differ", () => {
    const message = createTalk().say("anna", "hello");
    const { text: _, ...written } = JSON.parse(messageLine(message));
    expect(differingField(message, { ...written, kind: "unknown", author: { ...written.author, nick: null } })).toBe(
      undefined,
    );
  });

  it("names no secret of a private room", () => {
    const secret = { id: new Uint8Array(32).fill(7), epoch: 0, key: new Uint8Array(32).fill(9) };
    expect(headerLine({ name: "lab", private: true, ...secret })).not.toContain(
      Buffer.from(secret.key).toString("hex"),
    );
  });
});

describe("any bytes", () => {
  it("make no line, or one that fits, and throw nothing", () => {
    const message = Buffer.from(messageLine(createTalk().say("anna", "hello")));
    const mutated = fc
      .tuple(fc.nat(message.length - 1), fc.uint8Array({ maxLength: 4 }), fc.nat(8))
      .map(([at, put, drop]) => Buffer.concat([message.subarray(0, at), put, message.subarray(at + drop)]));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.json().map(bytesOf), mutated), (bytes) => {
        expect(["header", "message", "end", "bad"]).toContain(decodeLine(bytes).type);
      }),
    );
  });

  it("as a file, in whatever pieces they come, end as such and throw nothing", async () => {
    const whole = Buffer.from(`${(await fileOf(smallTalk(4).messages)).join("\n")}\n`);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(whole.length - 1),
        fc.uint8Array({ maxLength: 40 }),
        fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 20 }),
        async (at, put, sizes) => {
          const file = Buffer.concat([whole.subarray(0, at), put, whole.subarray(at + put.length)]);
          const pieces: Uint8Array[] = [];
          for (let from = 0, n = 0; from < file.length; n += 1) {
            const size = sizes[n % sizes.length] as number;
            pieces.push(file.subarray(from, from + size));
            from += size;
          }
          const split = await allOf(readHistory(pieces));
          expect(split).toEqual(await allOf(readHistory([file])));
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe("a stream of bytes", () => {
  const lines = async (pieces: readonly (string | Uint8Array)[], bytesMax = 10): Promise<(string | undefined)[]> =>
    (await allOf(byteLines(pieces, bytesMax))).map((line) => line && Buffer.from(line).toString());

  it("is split at line ends of either kind, and its end needs none", async () => {
    expect(await lines(["a\nb", "c\r\n\n", "d"])).toEqual(["a", "bc", "", "d"]);
    expect(await lines([])).toEqual([]);
  });

  it("that has no line end for long is skipped to the next one", async () => {
    expect(await lines(["12345", "678901", "x".repeat(100), "\nb\n"])).toEqual([undefined, "b"]);
  });

  it("keeps what waits, even if its reader reads into the same bytes again", async () => {
    const buffer = Buffer.from("ab");
    async function* same(): AsyncGenerator<Uint8Array> {
      yield buffer;
      buffer.write("c\n");
      yield buffer;
    }
    expect((await allOf(byteLines(same(), 10))).map((line) => String(line && Buffer.from(line)))).toEqual(["abc"]);
  });
});

it("a header is the same for all who are in the room", () => {
  expect(JSON.parse(LAB_HEADER)).toEqual({
    type: "smplchat-history",
    version: 1,
    room: { name: "lab", private: false, id: Buffer.from(LAB.secret.id).toString("hex") },
  });
});
