/** Clock skew: a node is told that its clock is wrong when most of its peers disagree with it, and not before. */
import { describe, expect, it } from "vitest";
import { createSkew } from "../../src/protocol/skew.ts";
import { type Bench, bootFrom, createBench, notices, WALL } from "./fixtures.ts";

const MINUTE = 60_000;

/** Peers whose clocks are off from this node's by so much, each heard once. */
function hear(bench: Bench, ...offsets: number[]): number[] {
  const skew = createSkew(bench);
  for (const offset of offsets) skew.heard(bench.link.sessions.open(bootFrom(bench.rng)), WALL + offset);
  return notices(bench, "clock-skew").map((notice) => notice.aheadMs);
}

describe("a node's clock", () => {
  it("is not doubted while most peers are within five minutes", () => {
    expect(hear(createBench(), 0, -4 * MINUTE, 4 * MINUTE, 9 * MINUTE)).toEqual([]);
  });

  it("is said to be behind when most peers are ahead, and ahead when they are behind; once", () => {
    expect(hear(createBench(), 10 * MINUTE, 10 * MINUTE, 10 * MINUTE)).toEqual([-10 * MINUTE]);
    expect(hear(createBench(), -10 * MINUTE, -10 * MINUTE, -10 * MINUTE)).toEqual([10 * MINUTE]);
  });

  it.each([10 * MINUTE, -10 * MINUTE])("is not doubted when as many agree with it as are off by %d ms", (offset) => {
    expect(hear(createBench(), 0, offset)).toEqual([]);
    expect(hear(createBench(), 0, offset, 0, offset)).toEqual([]);
  });

  it("is spoken of again after it was right in between", () => {
    const bench = createBench();
    const skew = createSkew(bench);
    const session = bench.link.sessions.open(bootFrom(bench.rng));
    for (const wall of [WALL - 10 * MINUTE, WALL - 10 * MINUTE, WALL, WALL - 20 * MINUTE]) skew.heard(session, wall);
    expect(notices(bench, "clock-skew").map((notice) => notice.aheadMs)).toEqual([10 * MINUTE, 20 * MINUTE]);
    expect(skew.aheadMs()).toBe(20 * MINUTE);
    skew.heard(session, WALL + MINUTE);
    expect(skew.aheadMs()).toBe(-MINUTE);
  });

  it("is judged by the peers heard last, half a round trip allowed for", () => {
    const bench = createBench();
    const skew = createSkew(bench);
    const slow = bench.link.sessions.open(bootFrom(bench.rng));
    slow.rtt.smoothedMs = 2_000;
    skew.heard(slow, WALL - 5 * MINUTE - 1_000);
    expect(bench.events).toEqual([]);
    for (let index = 0; index < 40; index += 1) {
      skew.heard(bench.link.sessions.open(bootFrom(bench.rng)), WALL - 6 * MINUTE);
    }
    expect(notices(bench, "clock-skew")).toHaveLength(1);
  });
});
