/** The room's time: a node with a wrong clock goes by the clocks of the others, and is told when its own is far off. */
import { describe, expect, it } from "vitest";
import { type ClockSkew, createClockSkew } from "../../../src/protocol/membership/clockSkew.ts";
import type { Endpoint } from "../../../src/wire/endpoint.ts";
import {
  type Bench,
  bootFrom,
  createBench,
  createWorld,
  gather,
  names,
  notices,
  type TestNode,
  WALL,
} from "../fixtures.ts";
import { createPuppet } from "../puppet.ts";

const MINUTE = 60_000;
const DAY = 86_400_000;

type Listener = {
  readonly bench: Bench;
  readonly clockSkew: ClockSkew;
  readonly hear: (host: number, offset: number) => void;
};

/** A node whose newest message is stamped `latest` from its own time. */
function create(latest = -DAY, wall = WALL): Listener {
  const bench = createBench();
  bench.now = { mono: 0, wall };
  const clockSkew = createClockSkew(bench, () => wall + latest);
  clockSkew.roomTime(bench.now);
  const hear = (host: number, offset: number): void => {
    const session = bench.link.sessions.open(bootFrom(bench.rng));
    session.endpoint = `10.0.0.${host}:62733` as Endpoint;
    session.standing = "validated";
    clockSkew.heard(session, wall + offset);
  };
  return { bench, clockSkew, hear };
}
const timeAfter = ({ clockSkew }: Listener, ms = 0): number =>
  clockSkew.roomTime({ mono: ms, wall: WALL + ms }) - WALL - ms;
const told = ({ bench }: Listener): number[] => notices(bench, "clock-skew").map((notice) => notice.aheadMs);

describe("a node's clock", () => {
  it("is its own while most hosts are within twenty seconds", () => {
    const node = create();
    for (const [host, offset] of [0, -15_000, 19_000, 9 * MINUTE].entries()) node.hear(host, offset);
    expect(timeAfter(node)).toBe(0);
    expect(told(node)).toEqual([]);
  });

  it.each([10 * MINUTE, -10 * MINUTE])(
    "that most hosts say is %d ms off is not followed, and that is told once",
    (off) => {
      const node = create();
      for (const host of [1, 2, 3]) node.hear(host, off);
      expect(timeAfter(node)).toBe(off);
      expect(node.clockSkew.aheadMs()).toBe(-off);
      expect(told(node)).toEqual([-off]);
    },
  );

  it.each([10 * MINUTE, -10 * MINUTE])("is not doubted when as many agree with it as are off by %d ms", (off) => {
    const node = create();
    for (const [host, offset] of [0, off, 0, off].entries()) node.hear(host, offset);
    expect(timeAfter(node)).toBe(0);
    expect(told(node)).toEqual([]);
  });

  it("is not outvoted by one host that speaks as many members", () => {
    const node = create();
    node.hear(1, 0);
    node.hear(2, 0);
    for (let member = 0; member < 50; member += 1) node.hear(3, DAY);
    expect(timeAfter(node)).toBe(0);
  });

  it("is not outvoted by one member that writes many addresses on its datagrams", () => {
    const world = createWorld();
    const [anna] = gather(world, names(6)) as [TestNode];
    const mallory = createPuppet(world, "mallory");
    mallory.prove(anna);
    for (let host = 1; host <= 30; host += 1) {
      const from = `198.51.100.${host}:4000` as Endpoint;
      mallory.tell(anna, [{ type: "observed", endpoint: anna.endpoint, wall: WALL + 11 * DAY }], { from });
    }
    expect(anna.core.stats().clockAheadMs).toBe(0);
    expect(notices(anna, "clock-skew")).toEqual([]);
  });

  it("is judged by the hosts heard last, half a round trip allowed for", () => {
    const node = create();
    for (let host = 0; host < 40; host += 1) node.hear(host, 0);
    for (let host = 100; host < 132; host += 1) node.hear(host, -6 * MINUTE);
    expect(timeAfter(node)).toBe(-6 * MINUTE);
  });
});

describe("of two nodes that disagree", () => {
  it("the one that is ahead goes back, if it holds nothing that is later than the other's time", () => {
    const ahead = create(-DAY);
    ahead.hear(1, -DAY / 2);
    expect(timeAfter(ahead)).toBe(-DAY / 2);
  });

  it("the one that is ahead stays where the log is, and the other one comes after ten seconds", () => {
    const ahead = create(-MINUTE);
    ahead.hear(1, -DAY);
    expect(timeAfter(ahead)).toBe(0);
    const behind = create();
    behind.hear(1, DAY);
    expect(timeAfter(behind, 9_000)).toBe(0);
    expect(timeAfter(behind, 10_000)).toBe(DAY);
  });

  it("none goes forward by years on the word of one host, but for a clock that shows a time before there was any room", () => {
    const node = create();
    node.hear(1, 1_000 * DAY);
    expect(timeAfter(node, 20_000)).toBe(0);
    const unset = create(0, 0);
    unset.hear(1, WALL);
    expect(unset.clockSkew.roomTime({ mono: 0, wall: 0 })).toBe(WALL);
  });
});

describe("a clock that is set right", () => {
  it.each([DAY, -DAY])("by %d ms counts at once, without what others said of it before", (off) => {
    const node = create();
    for (const host of [1, 2, 3]) node.hear(host, off);
    expect(node.clockSkew.roomTime({ mono: 1_000, wall: WALL + off + 1_000 }) - WALL).toBe(off + 1_000);
  });

  it("is spoken of again if it goes wrong again", () => {
    const node = create();
    for (const offset of [-10 * MINUTE, 0, -20 * MINUTE]) for (const host of [1, 2, 3]) node.hear(host, offset);
    expect(told(node)).toEqual([10 * MINUTE, 20 * MINUTE]);
  });
});
