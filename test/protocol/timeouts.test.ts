/** When a datagram counts as lost: soon where few are under way, patiently where the receiver works through a queue. */
import { expect, test } from "vitest";
import { bounds } from "../../src/protocol/config.ts";
import { measure } from "../../src/protocol/rtt.ts";
import { createSessions, heldUpUntil, lostAfterMs, noteProgress, type Session } from "../../src/protocol/sessions.ts";
import type { BootId } from "../../src/protocol/types.ts";
import { room } from "./fixtures.ts";

const AFTER_MS = 70;

/** A round trip of 20 ms, measured often. */
function session(): Session {
  const made = createSessions(room).open("01".repeat(8) as BootId);
  for (let index = 0; index < 100; index += 1) measure(made.rtt, 20);
  return made;
}

test("a datagram alone is waited for two round trips and a little, however many were lost before it", () => {
  const one = session();
  one.inFlight = 1;
  expect(lostAfterMs(one)).toBeCloseTo(AFTER_MS, 3);
  one.lostInRow = 5;
  expect(lostAfterMs(one)).toBeCloseTo(AFTER_MS, 3);
});

test("with many under way and none acknowledged each that counts as lost doubles the time, up to the bound", () => {
  const one = session();
  one.inFlight = 20;
  const waits = [0, 1, 2, 9].map((lostInRow) => lostAfterMs({ ...one, lostInRow }));
  expect(waits.map(Math.round)).toEqual([AFTER_MS, 2 * AFTER_MS, 4 * AFTER_MS, bounds.rtoMsMax]);
  one.lostInRow = 9;
  noteProgress(one, 1, 0);
  expect(lostAfterMs(one)).toBeCloseTo(AFTER_MS, 3);
});

test("while acknowledgements of earlier ones come the time begins with the last of them, within the bound", () => {
  const one = session();
  expect(heldUpUntil(one, 7, 1_000)).toBe(1_000);
  noteProgress(one, 5, 1_060);
  expect(heldUpUntil(one, 7, 1_000)).toBeCloseTo(1_060 + AFTER_MS, 3);
  noteProgress(one, 6, 2_990);
  expect(heldUpUntil(one, 7, 1_000)).toBe(1_000 + bounds.rtoMsMax);
});

test("once a later one is acknowledged it is lost", () => {
  const one = session();
  noteProgress(one, 8, 1_060);
  noteProgress(one, 6, 1_065);
  expect(heldUpUntil(one, 7, 1_000)).toBe(1_000);
});
