/** How far back a log goes, as people are told: the start of the conversation, or where what is kept begins. */
import { expect, it } from "vitest";
import { type SignedMessage, signMessage } from "../../../src/crypto/signed.ts";
import { createLog, insertMessage, type Log } from "../../../src/protocol/log/log.ts";
import { spanOf } from "../../../src/protocol/log/span.ts";
import { unsigned } from "../../suites/said.ts";
import { identityOf, roomKeys, WALL } from "../fixtures.ts";

const alice = identityOf("alice");

function say(log: Log, hlc: number, parents: readonly SignedMessage[]): SignedMessage {
  const ids = parents.map(({ id }) => id);
  const message = signMessage(roomKeys, alice, unsigned({ seq: hlc, hlc, parents: ids, text: `at ${hlc}` }));
  insertMessage(log, message, { mono: 0, wall: WALL }, { missing: 30_000, held: 30_000 });
  return message;
}

it("is empty, whole, or begins somewhere in the conversation", () => {
  const log = createLog(alice.id, 3);
  expect(spanOf(log)).toEqual({ oldest: undefined, isWhole: false, gapsUntil: undefined });
  const first = say(log, WALL + 1, []);
  const second = say(log, WALL + 2, [first]);
  expect(spanOf(log)).toEqual({ oldest: WALL + 1, isWhole: true, gapsUntil: undefined });
  const third = say(log, WALL + 3, [second]);
  say(log, WALL + 4, [third]);
  expect(spanOf(log)).toEqual({ oldest: WALL + 2, isWhole: false, gapsUntil: WALL + 2 });
});

it("is not whole while a message that somebody answered to is lacking", () => {
  const log = createLog(alice.id, 10);
  const first = say(createLog(alice.id, 10), WALL + 1, []);
  say(log, WALL + 2, [first]);
  expect(spanOf(log)).toMatchObject({ oldest: WALL + 2, isWhole: false });
});
