/** What a room owes its members during an attack and afterwards: each check bites. */
import { expect, test } from "vitest";
import { closing, hostileCounts } from "../../../src/sim/report/soaking.ts";
import { complaintsOfPeace, createReflection, MEASURED_MS } from "../../../src/sim/run/attacked.ts";
import { endpointOf, OUTSIDER, victimOf } from "../../../src/sim/world/endpoints.ts";

const node = endpointOf(3);
const victim = victimOf(1);
const bytes = (count: number): Uint8Array => new Uint8Array(count);

/** What is complained of when so many bytes came in the victim's name, and so many went there. */
function reflected(came: number, went: number, overMs = 0): string[] {
  let now = 0;
  const { see, verdict } = createReflection(() => now);
  see(bytes(came), victim, node);
  now = overMs;
  see(bytes(went), node, victim);
  const complaints: string[] = [];
  verdict((text) => complaints.push(text));
  return complaints;
}

test("a node may try a while where a member says that it is, and send three times what came from there, and no more", () => {
  expect(reflected(0, 24 * 1_200)).toEqual([]);
  expect(reflected(0, 24 * 1_200 + 1)).toEqual([`I7: 28801 bytes went from n3 ${victim}, of which 0 had come`]);
  expect(reflected(1_000, 24 * 1_200 + 3_000)).toEqual([]);
  expect(reflected(1_000, 24 * 1_200 + 3_001)).toHaveLength(1);
  expect(reflected(0, 26 * 1_200, 4_000)).toEqual([]);
  expect(reflected(0, 26 * 1_200 + 1, 4_000)).toHaveLength(1);
});

test("what goes to nodes, and to an outsider, is no matter of victims; each node counts for itself", () => {
  const { see, verdict, bytes: atVictims } = createReflection(() => 0);
  const complaints: string[] = [];
  see(bytes(1_000_000), node, endpointOf(4));
  see(bytes(1_000_000), node, OUTSIDER);
  for (let index = 0; index < 10; index += 1) see(bytes(20_000), endpointOf(index), victim);
  verdict((text) => complaints.push(text));
  expect(complaints).toEqual([]);
  expect(atVictims()).toBe(200_000);
});

test("nodes that go on sending a minute after the attack are no room at peace", () => {
  const nodes = [true, true, false].map((isUp) => ({ isUp: () => isUp }));
  const spans = (...perSecond: number[]): number[] => perSecond.map((bytes) => 2 * bytes * (MEASURED_MS / 1_000));
  const complaint = (perSecond: number): string[] => [
    `I11: a minute after the attack each node still sends ${perSecond} bytes/s`,
  ];
  expect(complaintsOfPeace(spans(600, 100, 600), nodes, 0)).toEqual([]);
  expect(complaintsOfPeace(spans(100, 700, 100), nodes, 0.25)).toEqual(complaint(700));
  // Where much is lost somebody who lives is suspected now and then: all hear of it at once.
  expect(complaintsOfPeace(spans(1_500, 1_000, 700), nodes, 0.48)).toEqual([]);
  expect(complaintsOfPeace(spans(1_100, 1_500, 700), nodes, 0.48)).toEqual(complaint(1_100));
});

test("attacks are counted by name among the totals", () => {
  const hostile = { members: { flood: 2, accuse: 1 }, sent: 9, received: 9, knownTo: 8, atVictims: 0 };
  expect(closing(1, 0, { lost: 3, ...hostileCounts(hostile) })).toMatch(/: hostile accuse 1, hostile flood 2, lost 3$/);
});
