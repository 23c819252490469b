/** A split is told once on each side, and its end once; a crash, a goodbye and churn are none. */
import { describe, expect, it } from "vitest";
import type { ChatEvent, Notice } from "../../../src/protocol/events.ts";
import { createPartition, goneAtLeast } from "../../../src/protocol/liveness/partition.ts";
import type { Member } from "../../../src/protocol/membership/roster.ts";
import type { PeerStatus, PeerView } from "../../../src/protocol/views.ts";
import type { PeerId } from "../../../src/wire/ids.ts";
import {
  bootFrom,
  createBench,
  createWorld,
  gather,
  identityOf,
  names,
  notices,
  type TestNode,
  WALL,
  type World,
} from "../fixtures.ts";

/** Nothing passes between these and the others. */
function cut(world: World, side: readonly TestNode[]): void {
  const inside = new Set<string>(side.map((node) => node.endpoint));
  world.lose = ({ from, to }) => inside.has(from) !== inside.has(to);
}
const heal = (world: World): void => {
  world.lose = () => false;
};
const told = (node: TestNode): string[] =>
  node.events.flatMap((event) =>
    event.type === "notice" && ["split", "healed", "alone"].includes(event.notice.code) ? [event.notice.code] : [],
  );
const isDead = (event: ChatEvent): boolean => event.type === "peer" && event.status === "dead";

describe("a split of 4 + 8", () => {
  for (const seed of [1, 2, 3]) {
    it(`is told with its numbers on both sides, and so is its end (seed ${seed})`, () => {
      const world = createWorld({ seed });
      const nodes = gather(world, names(12));
      const [four, eight] = [nodes.slice(0, 4), nodes.slice(4)];
      cut(world, four);
      for (let second = 0; second < 60; second += 1) {
        const node = nodes[(second * 5) % 12] as TestNode;
        if (second >= 5 && second < 46) node.say(`at ${second}`);
        world.run(1_000);
      }
      for (const node of four) expect(notices(node, "split")).toEqual([{ code: "split", reachable: 4, of: 12 }]);
      for (const node of eight) expect(notices(node, "split")).toEqual([{ code: "split", reachable: 8, of: 12 }]);
      const ofFour = nodes.slice(0, 4).flatMap((node) => node.log().filter((message) => message.own)).length;
      const ofEight = 41 - ofFour;
      heal(world);
      world.run(60_000);
      for (const [side, other, missed] of [
        [four, eight, ofEight],
        [eight, four, ofFour],
      ] as const) {
        for (const node of side) {
          expect(told(node)).toEqual(["split", "healed"]);
          const [healed] = notices(node, "healed");
          expect(healed).toMatchObject({ sides: [side.length, other.length], restarted: 0, recovered: missed });
          // From the last sign of life of the other side to its first.
          expect(healed?.goneMs).toBeGreaterThan(57_000);
          expect(healed?.goneMs).toBeLessThan(100_000);
        }
      }
    });
  }

  it("that is over before anyone counts as gone is not told", () => {
    const world = createWorld();
    const nodes = gather(world, names(12));
    cut(world, nodes.slice(0, 4));
    world.run(3_000);
    heal(world);
    world.run(60_000);
    for (const node of nodes) expect(told(node)).toEqual([]);
  });

  it("of which one side was restarted meanwhile ends as what it can be known as", () => {
    const world = createWorld();
    const nodes = gather(world, names(12));
    const [four, eight] = [nodes.slice(0, 4), nodes.slice(4)];
    cut(world, four);
    world.run(60_000);
    for (const node of eight) {
      node.crash();
      node.restart();
    }
    heal(world);
    for (const node of eight) node.join(four[0] as TestNode);
    world.run(30_000);
    for (const node of four) {
      expect(told(node)).toEqual(["split", "healed"]);
      expect(notices(node, "healed")).toMatchObject([{ sides: [4, 8], restarted: 8, recovered: 0 }]);
    }
  });
});

describe("no split is", () => {
  it("a crash, or two of twelve", () => {
    const world = createWorld();
    const nodes = gather(world, names(12));
    for (const node of nodes.slice(10)) node.crash();
    world.run(90_000);
    for (const node of nodes.slice(0, 10)) {
      expect(node.events.filter(isDead)).toHaveLength(2);
      expect(told(node)).toEqual([]);
    }
  });

  it("a group that says goodbye", () => {
    const world = createWorld();
    const nodes = gather(world, names(12));
    for (const node of nodes.slice(4)) node.command({ type: "leave" });
    world.run(90_000);
    for (const node of nodes.slice(0, 4)) {
      expect(told(node)).toEqual([]);
      expect(node.core.stats().peers).toBe(3);
    }
  });

  it("the loss of everyone: that is being alone, with so many unreachable, until they are back", () => {
    const world = createWorld();
    const nodes = gather(world, names(6));
    const [hermit, ...others] = nodes as [TestNode, ...TestNode[]];
    cut(world, [hermit]);
    world.run(60_000);
    hermit.say("anyone?");
    expect(notices(hermit, "alone")).toEqual([{ code: "alone", unreachable: 5 }]);
    (others[0] as TestNode).say("where is n0?");
    world.run(1_000);
    heal(world);
    world.run(60_000);
    expect(told(hermit)).toEqual(["alone", "healed"]);
    expect(notices(hermit, "healed")).toMatchObject([{ sides: [1, 5], restarted: 0, recovered: 1 }]);
    // To them it was one that did not answer for a while.
    for (const node of others) expect(told(node)).toEqual([]);
  });
});

describe("a network that flaps", () => {
  it("is told of no more than twice in half a minute", () => {
    const world = createWorld();
    const nodes = gather(world, names(12));
    const rounds = 8;
    for (let round = 0; round < rounds; round += 1) {
      cut(world, nodes.slice(0, 4 + (round % 3)));
      world.run(15_000);
      heal(world);
      world.run(7_000);
    }
    world.run(60_000);
    for (const node of nodes) {
      const codes = told(node);
      expect(codes.length).toBeLessThanOrEqual(2 * Math.ceil((rounds * 22) / 30));
      expect(codes.filter((code) => code === "healed").length).toBeLessThanOrEqual(
        codes.filter((code) => code === "split").length,
      );
    }
  });
});

describe("step by step", () => {
  /** A room of nine, of which this node is one, and its clock. */
  function watch() {
    const bench = createBench();
    const members = names(8).map((name) => {
      const { id } = identityOf(name);
      const boot = bootFrom(bench.rng);
      bench.link.sessions.open(boot).heardAt = 0;
      return { id, status: "alive", since: 0, statement: { content: { boot } } } as unknown as Member;
    });
    const isHere = ({ status }: Member): boolean => status === "alive" || status === "suspect";
    let rollCalls = 0;
    const partition = createPartition(
      bench,
      {
        all: () => members,
        get: (id) => members.find((member) => member.id === id),
        presentCount: () => members.filter(isHere).length,
      },
      () => {
        rollCalls += 1;
        return members.filter(isHere).map(({ id }) => id);
      },
    );
    const becomes = (status: PeerStatus, ...which: number[]): void => {
      for (const at of which) {
        const member = members[at] as Member;
        members[at] = { ...member, status, since: bench.now.mono };
        hear(status === "alive" ? [at] : []);
        partition.changed(status, { id: member.id } as PeerView);
      }
    };
    const hear = (which: readonly number[]): void => {
      for (const at of which) {
        const session = bench.link.sessions.open((members[at] as Member).statement.content.boot);
        session.heardAt = bench.now.mono;
      }
    };
    /** Lets time pass; the peers of `answering` answer all the while. */
    const wait = (seconds: number, answering: readonly number[]): Notice[] => {
      const before = bench.events.length;
      const until = bench.now.mono + seconds * 1_000;
      for (let at = bench.timers.nextDeadline(); at !== undefined && at <= until; at = bench.timers.nextDeadline()) {
        bench.now = { mono: at, wall: WALL + at };
        hear(answering);
        bench.timers.takeDue(at);
        partition.check();
      }
      bench.now = { mono: until, wall: WALL + until };
      return bench.events.slice(before).flatMap((event) => (event.type === "notice" ? [event.notice] : []));
    };
    const authors = members.map(({ id }) => id);
    return { partition, becomes, wait, authors, timers: bench.timers, rollCalls: () => rollCalls };
  }
  const rest = [0, 1, 2, 3, 4];

  it("the third death calls the roll, and after 5 s it is told who did not answer", () => {
    const { becomes, wait, rollCalls } = watch();
    becomes("dead", 7);
    expect(wait(4, rest)).toEqual([]);
    becomes("dead", 6, 5);
    // Of those who count as alive one is silent.
    const answering = [0, 1, 2, 3];
    expect(wait(2, answering)).toEqual([]);
    expect(rollCalls()).toBe(1);
    expect(wait(5, answering)).toEqual([{ code: "split", reachable: 5, of: 9 }]);
    expect(wait(300, [])).toEqual([]);
  });

  it("those who are back are counted with what they had said, and nobody else", () => {
    const { partition, becomes, wait, authors, timers } = watch();
    becomes("dead", 5, 6, 7);
    wait(7, rest);
    partition.fetched(authors[0] as PeerId);
    becomes("alive", 5);
    for (const author of [5, 6, 7, 7, 1]) partition.fetched(authors[author] as PeerId);
    partition.inSync(authors[0] as PeerId);
    becomes("alive", 6, 7);
    expect(wait(3, rest)).toEqual([]);
    partition.inSync(authors[7] as PeerId);
    expect(wait(2, rest)).toMatchObject([{ code: "healed", sides: [6, 3], restarted: 0, recovered: 4, goneMs: 7_000 }]);
    expect(wait(300, rest)).toEqual([]);
    expect(timers.nextDeadline()).toBeUndefined();
  });

  it("logs that never become equal are waited for no longer than messages come", () => {
    const { partition, becomes, wait, authors } = watch();
    becomes("dead", 5, 6, 7);
    wait(7, rest);
    becomes("alive", 5, 6, 7);
    partition.fetched(authors[5] as PeerId);
    expect(wait(9, rest)).toEqual([]);
    partition.fetched(authors[6] as PeerId);
    expect(wait(9, rest)).toEqual([]);
    expect(wait(2, rest)).toMatchObject([{ code: "healed", recovered: 2 }]);
  });

  it("deaths more than a minute apart do not add up", () => {
    const { becomes, wait, rollCalls, timers } = watch();
    for (const peer of [7, 6, 5]) {
      becomes("dead", peer);
      expect(wait(31, rest)).toEqual([]);
    }
    expect(rollCalls()).toBe(0);
    wait(60, rest);
    expect(timers.nextDeadline()).toBeUndefined();
  });
});

describe("how many have to be gone at once", () => {
  it("grows with the root of the room, and is never one", () => {
    expect([2, 3, 4, 6, 7, 12, 60, 100, 1_000].map(goneAtLeast)).toEqual([2, 2, 2, 2, 3, 3, 8, 10, 32]);
  });
});
