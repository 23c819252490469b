/** A run is a pure function of scenario and seed, and its checkers see what happens in it. */
import { describe, expect, test } from "vitest";
import { run } from "../../../src/sim/run/run.ts";
import { parseScenario, type Scenario } from "../../../src/sim/run/scenario.ts";

const small = scenario(`
name = "small"
nodes = 8
settleMs = 30000
[network]
loss = 0.1
duplicate = 0.05
reorder = 0.05
junk = 0.02
[speech]
messages = 10
everyMs = 500
[[faults]]
type = "crash"
count = 1
atMs = 1000
forMs = 2000
`);

describe("determinism", () => {
  test("the same seed gives the same trace and the same figures, to the byte", () => {
    expect(run(small, 7)).toEqual(run(small, 7));
  });

  test("another seed gives another trace", () => {
    expect(run(small, 8).trace).not.toBe(run(small, 7).trace);
  });
});

test("a lossy room with a crash ends with all messages everywhere", () => {
  const { broken, measured, faults, network } = run(small, 3);
  expect(broken).toEqual([]);
  expect(measured.coverage).toBe(1);
  expect(faults).toEqual({ crash: 1 });
  for (const kind of ["lost", "duplicated", "reordered", "junk"] as const) expect(network[kind]).toBeGreaterThan(0);
});

test("a node that stands still while its disk refuses its words tells of it when it goes on, and owes no more", () => {
  const still = scenario(`
name = "still"
nodes = 3
settleMs = 30000
[disk]
writeMs = [200, 300]
[speech]
messages = 30
everyMs = 100
[[faults]]
type = "full"
count = 3
atMs = 500
forMs = 8000
[[faults]]
type = "stall"
count = 3
atMs = 1950
forMs = 3000
`);
  const { broken, disks } = run(still, 1);
  expect(broken).toEqual([]);
  expect(disks.full).toBeGreaterThan(0);
});

test("a room that is still split at the end is told apart from one that healed", () => {
  const split = scenario(`
name = "split"
nodes = 6
settleMs = 0
[speech]
messages = 6
everyMs = 1000
[[faults]]
type = "partition"
groups = 2
atMs = 0
forMs = 5900
`);
  const { broken, measured } = run(split, 1);
  expect(measured.coverage).toBeLessThan(1);
  expect(broken.join("\n")).toMatch(/I1: n\d holds \d of 6 messages/);
});

test("in a room of two versions what one of them does not know is kept and handed on under its number", () => {
  const mixed = scenario(`
name = "mixed"
nodes = 6
newer = 3
settleMs = 30000
quietMs = 10000
[speech]
messages = 20
everyMs = 300
`);
  const { broken, measured, sniffed } = run(mixed, 1, { sniff: true });
  expect(broken).toEqual([]);
  expect(measured.coverage).toBe(1);
  expect(sniffed?.frameBytes.unknown).toBeGreaterThan(0);
});

test("what people delete is on no disk in the end, whatever became of disks and nodes meanwhile", () => {
  const deleting = scenario(`
name = "deleting"
nodes = 6
deletes = 0.6
settleMs = 60000
[speech]
messages = 40
everyMs = 300
[disk]
writeMs = [1, 10]
readMs = [0.1, 2]
[[faults]]
type = "crash"
atMs = 3000
forMs = 4000
count = 2
[[faults]]
type = "failing"
atMs = 2000
forMs = 5000
count = 3
share = 0.5
`);
  const { broken, measured } = run(deleting, 3);
  expect(broken).toEqual([]);
  expect(measured.coverage).toBe(1);
});

test("on disks that fail and damage what they read the room goes on, and ends with all of it written", () => {
  const ailing = scenario(`
name = "ailing"
nodes = 6
recentBytes = 500
settleMs = 60000
[network]
loss = 0.1
[disk]
[speech]
messages = 30
everyMs = 300
[[faults]]
type = "failing"
count = 3
forMs = 8000
[[faults]]
type = "badReads"
count = 6
forMs = 8000
`);
  for (const seed of [1, 2, 3]) {
    const { broken, disks } = run(ailing, seed);
    expect(broken, `seed ${seed}`).toEqual([]);
    expect(disks.failed, `seed ${seed}`).toBeGreaterThan(0);
  }
});

describe("a roster is settled when it is all who are up", () => {
  const split = (settleMs: number): Scenario =>
    scenario(`
name = "split"
nodes = 8
settleMs = ${settleMs}
[speech]
messages = 6
everyMs = 1000
[[faults]]
type = "partition"
atMs = 0
forMs = 40000
[[faults]]
type = "blackout"
atMs = 10000
forMs = 2000
`);

  test("after a split in which one side was restarted", () => {
    const { broken, faults, rosterSettledMs } = run(split(60_000), 1);
    expect(broken).toEqual([]);
    expect(faults).toEqual({ partition: 1, blackout: 1 });
    expect(rosterSettledMs).toBeGreaterThan(0);
    expect(rosterSettledMs).toBeLessThan(60_000);
  });

  test("and not while the sides do not know each other", () => {
    expect(run(split(0), 1).rosterSettledMs).toBeUndefined();
  });
});

test("everyone can join through the first node", () => {
  const crowd = scenario(`
name = "crowd"
nodes = 12
through = "first"
[speech]
messages = 3
[[faults]]
type = "late"
count = 11
forMs = 1000
`);
  const { broken, measured, rosterSettledMs } = run(crowd, 1);
  expect(broken).toEqual([]);
  expect(measured.coverage).toBe(1);
  expect(rosterSettledMs).toBeLessThan(10_000);
});

test("a latecomer is told again where somebody is who moves away in their sleep", () => {
  const away = scenario(`
name = "away"
nodes = 2
[speech]
messages = 3
everyMs = 20000
[[faults]]
type = "sleep"
atMs = 1000
forMs = 10000
[[faults]]
type = "late"
atMs = 2000
[[faults]]
type = "move"
atMs = 3000
count = 2
`);
  for (const seed of [1, 2, 3]) expect(run(away, seed).broken).toEqual([]);
});

test("an unhurried room without loss costs about one send per delivery", () => {
  const calm = scenario(`
name = "calm"
nodes = 20
idleMs = 20000
[speech]
messages = 20
everyMs = 1000
`);
  const { measured } = run(calm, 1);
  expect(measured.coverage).toBe(1);
  expect(measured.sendsPerDelivery).toBeLessThan(1.2);
  expect(measured.maxMs).toBeLessThan(500);
  expect(measured.p50Ms).toBeGreaterThanOrEqual(10);
  expect(measured.idleBytesPerNodePerSecond).toBeGreaterThan(0);
});

// --- internal ---

function scenario(text: string): Scenario {
  const parsed = parseScenario(text);
  if (typeof parsed === "string") throw new Error(parsed);
  return parsed;
}
