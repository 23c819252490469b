/** Wanted messages: every source is asked in turn, for a while, and then no more. */
import { describe, expect, it } from "vitest";
import { limits } from "../../../src/protocol/limits.ts";
import type { Session } from "../../../src/protocol/link/session.ts";
import { createWants, type Wants } from "../../../src/protocol/log/wants.ts";
import type { MessageId } from "../../../src/wire/ids.ts";
import { type Bench, bootFrom, createBench } from "../fixtures.ts";

const id = "0123456789ab".repeat(4) as MessageId;

type Asked = { readonly bench: Bench; readonly wants: Wants; readonly asked: Session[]; readonly sources: Session[] };

/** `asked`: who was asked, in order. */
function create(sourceCount = 3): Asked {
  const bench = createBench();
  const asked: Session[] = [];
  const link = { ...bench.link, send: (to: Session) => void asked.push(to) };
  const wants = createWants({ ...bench, link });
  const sources = Array.from({ length: sourceCount }, () => bench.link.sessions.open(bootFrom(bench.rng)));
  return { bench, wants, asked, sources };
}

/** Fires the timers of wants up to `now`. */
function fire({ bench, wants }: Asked, now: number): void {
  for (let row = bench.timers.takeDue(now); row !== undefined; row = bench.timers.takeDue(now)) {
    if (row.type === "want") wants.askAgain(row.id);
  }
}

describe("a wanted message", () => {
  it("is asked for at once, or after the delay in which it usually comes by itself", () => {
    const world = create();
    const [source] = world.sources as [Session];
    world.wants.want(id, source, 0);
    expect(world.asked).toEqual([source]);
    const later = create();
    later.wants.want(id, later.sources[0] as Session, 60);
    fire(later, 59);
    expect(later.asked).toEqual([]);
    fire(later, 60);
    expect(later.asked).toHaveLength(1);
  });

  it("is not asked for any more when it has arrived", () => {
    const world = create();
    world.wants.want(id, world.sources[0] as Session, 60);
    expect(world.wants.arrived(id)).toEqual([]);
    fire(world, 10_000);
    expect(world.asked).toEqual([]);
    expect(world.wants.size()).toBe(0);
  });

  it("names whoever asked for it in the meantime, each once, and no more than four", () => {
    const world = create(7);
    const [source, ...askers] = world.sources as [Session, ...Session[]];
    world.wants.want(id, source, 60);
    for (const asker of [...askers, ...askers]) world.wants.asked(id, asker);
    world.wants.asked("ff".repeat(24) as MessageId, source);
    expect(world.wants.arrived(id)).toEqual(askers.slice(0, 4));
    expect(world.wants.arrived(id)).toEqual([]);
  });

  it("is asked for of all who have it in turn, eight times in all, and then left to reconciliation", () => {
    const world = create();
    for (const source of world.sources) world.wants.want(id, source, 60);
    for (let now = 0; now < 20_000; now += 10) {
      (world.bench as { now: { mono: number; wall: number } }).now = { mono: now, wall: now };
      fire(world, now);
    }
    expect(world.asked).toHaveLength(8);
    const turns = world.sources.map((source) => world.asked.filter((session) => session === source).length);
    expect(Math.max(...turns) - Math.min(...turns)).toBeLessThanOrEqual(1);
    expect(world.asked.some((session, index) => session === world.asked[index - 1])).toBe(false);
    expect(world.wants.size()).toBe(0);
    expect(world.bench.timers.nextDeadline()).toBeUndefined();
  });

  it("is asked for of the next one when a source is forgotten", () => {
    const world = create(2);
    const [one, other] = world.sources as [Session, Session];
    world.wants.want(id, one, 60);
    world.wants.want(id, other, 60);
    world.bench.link.sessions.forget(other.boot);
    fire(world, 60);
    expect(world.asked).toEqual([one]);
  });

  it("beyond the bound is counted, not kept; one peer alone fills an eighth of it", () => {
    const world = create(8);
    const [first] = world.sources as [Session];
    const idOf = (index: number): MessageId => index.toString(16).padStart(48, "0") as MessageId;
    for (let index = 0; index < limits.wanted / 8 + 3; index += 1) world.wants.want(idOf(index), first, 60);
    expect(world.wants.size()).toBe(limits.wanted / 8);
    expect(world.bench.counters.totals().dropped).toEqual({ "wanted-of-one-full": 3 });
    world.sources.forEach((source, at) => {
      for (let index = 0; index < limits.wanted / 8; index += 1) world.wants.want(idOf(index * 8 + at), source, 60);
    });
    world.wants.want(idOf(2 ** 30), world.sources[1] as Session, 60);
    expect(world.wants.size()).toBeLessThanOrEqual(limits.wanted);
    // What has come makes room for what the same peer tells of next.
    const before = world.wants.size();
    world.wants.arrived(idOf(0));
    world.wants.want(idOf(2 ** 31), first, 60);
    expect(world.wants.size()).toBe(before);
  });
});
