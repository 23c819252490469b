/** Round trips of reconciliations are counted by who speaks when. */
import { expect, test } from "vitest";
import { createConversations } from "../../../src/sim/world/conversations.ts";
import { endpointOf } from "../../../src/sim/world/endpoints.ts";
import type { Frame } from "../../../src/wire/frames.ts";

const [anna, bob, carol] = [endpointOf(0), endpointOf(1), endpointOf(2)] as const;
const ranges = { type: "ranges", set: "log", salt: "", lo: "", parts: [] } as Frame;
const rosterRanges = { type: "ranges", set: "roster", salt: "", lo: "", parts: [] } as Frame;
const list = { type: "list", set: "log", lo: "", hi: "ff", salt: "", ids: [] } as Frame;
const want = { type: "wantListed", set: "log", lo: "", hi: "ff", salt: "", hashes: [] } as Frame;
const message = { type: "message", bytes: new Uint8Array(1) } as Frame;
const ping = { type: "ping" } as Frame;

test("each time the word comes back is a round trip, whatever is repeated or said in between", () => {
  const seen = createConversations();
  seen.see([ranges], anna, bob, 0);
  seen.see([ranges], anna, bob, 50);
  seen.see([ping], bob, anna, 60);
  seen.see([list, ping], bob, anna, 100);
  seen.see([want, message], anna, bob, 200);
  seen.see([message], bob, anna, 300);
  expect(seen.roundTrips()).toEqual([2]);
});

test("pairs are counted each for itself, and after a silence anew", () => {
  const seen = createConversations();
  seen.see([ranges], anna, bob, 0);
  seen.see([list], bob, anna, 100);
  seen.see([want], anna, bob, 200);
  seen.see([ranges], carol, anna, 250);
  seen.see([ranges], bob, anna, 10_000);
  expect(seen.roundTrips()).toEqual([1, 1, 2]);
});

test("what is asked for without comparing, and what is about rosters, is no reconciliation of logs", () => {
  const seen = createConversations();
  seen.see([want], anna, bob, 0);
  seen.see([message], bob, anna, 100);
  seen.see([rosterRanges], anna, bob, 200);
  expect(seen.roundTrips()).toEqual([]);
});
