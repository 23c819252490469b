// What PROTOCOL.md says of frames and limits is what the code does.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { BEACON_BYTES, BEACON_HEARD_MAX } from "../../src/wire/beacon.ts";
import { CHUNK_BYTES, CHUNKS_MAX, PUSH_BYTES_MAX } from "../../src/wire/blob.ts";
import { REACTION_CHARACTERS_MAX, TOPIC_BYTES_MAX } from "../../src/wire/bodies/body.ts";
import { NICK_BYTES_MAX, TEXT_BYTES_MAX } from "../../src/wire/bodies/text.ts";
import { DATAGRAM_BYTES_MAX, FRAMES_BYTES_MAX, WIRE_VERSION } from "../../src/wire/datagram.ts";
import {
  BODY_BYTES_MAX,
  DELETE_BYTES_MAX,
  ERASED_BYTES_MAX,
  KIND_MAX,
  MESSAGE_BYTES_MAX,
  PARENTS_MAX,
} from "../../src/wire/envelope.ts";
import { EXTENSIONS_MAX } from "../../src/wire/extensions.ts";
import {
  ACK_COUNTERS_MAX,
  CREDIT_MAX,
  elicitsAck,
  type Frame,
  frameTable,
  LACKING_MAX,
  ORDERS_MAX,
  proofFor,
  UNKNOWN_FROM,
  WANTED_MAX,
} from "../../src/wire/frames.ts";
import { PAGE_ITEMS_MAX, STRETCHES_MAX } from "../../src/wire/page.ts";
import { SHORT_IDS_MAX } from "../../src/wire/range.ts";
import { ENDPOINTS_MAX } from "../../src/wire/statement.ts";

const page = readFileSync(fileURLToPath(new URL("../../PROTOCOL.md", import.meta.url)), "utf8");

/** The text of a chapter, up to the next. */
function chapter(title: string): string {
  const [, text] = page.split(`\n## ${title}\n`);
  if (text === undefined) throw new Error(`PROTOCOL.md has no chapter "${title}"`);
  return text.split(/\n##? /)[0] as string;
}

describe("the table of frames", () => {
  const frames = chapter("Frames");
  const known = Object.entries(frameTable).toSorted(([, one], [, other]) => one.number - other.number);

  /** As the page says it: whether a datagram with the frame is acknowledged. */
  function asks(type: string): string {
    const inOrder = (order: number): boolean =>
      elicitsAck({ type, slice: { order, lo: 0, last: 0 } } as unknown as Frame);
    if (inOrder(0) === inOrder(1)) return inOrder(0) ? "yes" : "no";
    const others = Array.from({ length: ORDERS_MAX - 1 }, (_, index) => inOrder(index + 1));
    return inOrder(0) && !others.includes(true) ? "order 0" : "?";
  }
  const proofOf = (type: string): string => proofFor({ type } as Frame);

  test("gives each a number of its own, below those that a later version may use", () => {
    const numbers = known.map(([, { number }]) => number);
    expect(new Set(numbers).size).toBe(numbers.length);
    for (const number of numbers) expect([number, number >= 0 && number < UNKNOWN_FROM]).toEqual([number, true]);
  });

  test("is that of the page: number, name, whether it asks for an acknowledgement, proof", () => {
    const rows = [...frames.matchAll(/^\| (\d+) \| (\w+) \| ([\w ]+) \| (\w+) \| .+ \|$/gm)].map((match) =>
      match.slice(1),
    );
    expect(rows).toEqual(known.map(([type, { number }]) => [String(number), type, asks(type), proofOf(type)]));
    expect(frames).toContain(`| ${UNKNOWN_FROM}.. | unknown | ${asks("unknown")} | ${proofOf("unknown")} |`);
  });

  test("has an equation for each on the page", () => {
    const equations = [...frames.matchAll(/^ ?(\d+) (\w+) {2,}\S/gm)].map((match) => match.slice(1));
    expect(equations).toEqual(known.map(([type, { number }]) => [String(number), type]));
  });
});

describe("the limits of the page", () => {
  const limits = chapter("Limits");

  test.each([
    ["datagram (UDP payload)", DATAGRAM_BYTES_MAX],
    ["frames in a datagram", FRAMES_BYTES_MAX],
    ["nick", NICK_BYTES_MAX],
    ["text", TEXT_BYTES_MAX],
    ["topic", TOPIC_BYTES_MAX],
    ["reaction", REACTION_CHARACTERS_MAX],
    ["kind of a message", KIND_MAX],
    ["body of a message", BODY_BYTES_MAX],
    ["message that is pushed whole", PUSH_BYTES_MAX],
    ["message", MESSAGE_BYTES_MAX],
    ["delete that erases", DELETE_BYTES_MAX],
    ["message in the erased form", ERASED_BYTES_MAX],
    ["chunk", CHUNK_BYTES],
    ["parents of a message", PARENTS_MAX],
    ["endpoints of a statement, of an invite", ENDPOINTS_MAX],
    ["extensions", EXTENSIONS_MAX],
    ["beacon", BEACON_BYTES],
    ["boot ids heard, in a beacon", BEACON_HEARD_MAX],
    ["counters in an ack", ACK_COUNTERS_MAX],
    ["ids in a want", WANTED_MAX],
    ["short ids in a list, hashes in a wantListed", SHORT_IDS_MAX],
    ["credit of a fetch", CREDIT_MAX],
    ["stretches of a fetch", STRETCHES_MAX],
    ["items of a page", PAGE_ITEMS_MAX],
    ["orders of a message", ORDERS_MAX],
    ["peers named in a receipt", LACKING_MAX],
  ])("say %s: %d", (what, most) => {
    const row = limits.split("\n").find((line) => line.startsWith(`| ${what} | `));
    expect(row?.match(/\| (\d+)/)?.[1]).toBe(String(most));
  });

  test("say how many chunks a message has, and the page which version it is of", () => {
    expect(limits).toContain(`; ${CHUNKS_MAX} chunks of a message |`);
    expect(page).toContain(`Version ${WIRE_VERSION}.`);
    expect(chapter("Datagram")).toContain(`\nversion    = ${WIRE_VERSION}\n`);
    for (const label of ["message", "statement"]) expect(page).toContain(`"smplchat ${label} ${WIRE_VERSION}\\0"`);
  });
});
