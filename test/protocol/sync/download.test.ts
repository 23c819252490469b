/** Catching up: who is asked for what, what becomes of a source that goes silent, and that all comes once. */
import { describe, expect, it } from "vitest";
import { createOrderedSet, type OrderedSet } from "../../../src/protocol/idset/orderedSet.ts";
import type { Session } from "../../../src/protocol/link/session.ts";
import { below, seededRng } from "../../../src/protocol/rng.ts";
import { createDownload, type Download, SUPPLIERS_MAX } from "../../../src/protocol/sync/download.ts";
import type { Holding } from "../../../src/protocol/sync/grants.ts";
import { type Fetch, type Page, pagesFor } from "../../../src/protocol/sync/pages.ts";
import type { Replica } from "../../../src/protocol/sync/replicas.ts";
import { END, type Frame } from "../../../src/wire/frames.ts";
import { type Bench, bootFrom, createBench } from "../fixtures.ts";

type Newcomer = {
  readonly bench: Bench;
  readonly download: Download;
  readonly sources: readonly Session[];
  readonly ids: OrderedSet<string>;
  /** Frames sent and not looked at yet. */
  readonly sent: { readonly to: Session; readonly frame: Frame }[];
  readonly outlined: Session[];
  readonly finished: Session[][];
};

const idOf = (time: number): string => time.toString(16).padStart(12, "0").concat("ab".repeat(18));
const setOf = (times: Iterable<number>): OrderedSet<string> => {
  const ids = createOrderedSet<string>();
  for (const time of times) ids.insert(idOf(time));
  return ids;
};
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);
const holding = (count: number): Holding => ({ count, floor: "" });
/** The source says how much of `count` messages lies where, in so many parts. */
const outline = ({ download }: Newcomer, source: Session, count: number, parts: number): void => {
  const bound = (part: number): string => idOf((part * count) / parts).slice(0, 12);
  for (let part = 0; part < parts; part += 1) {
    const [lo, hi] = [part === 0 ? "" : bound(part), part === parts - 1 ? END : bound(part + 1)];
    download.lacking(source, "log", lo, hi, count / parts, holding(count));
  }
};

function create(sourceCount: number, most = 100_000): Newcomer {
  const bench = createBench();
  const sent: Newcomer["sent"] = [];
  const outlined: Session[] = [];
  const finished: Session[][] = [];
  const ids = createOrderedSet<string>();
  const link = { ...bench.link, send: (to: Session, frame: Frame) => void sent.push({ to, frame }) };
  const replica: Replica = {
    ids,
    floor: () => "",
    most: () => most,
    sizeInPage: () => undefined,
    give: () => {},
    givePages: () => {},
    accept: () => {},
    wantListed: () => {},
    asked: () => {},
  };
  const sources = Array.from({ length: sourceCount }, () => bench.link.sessions.open(bootFrom(bench.rng)));
  const context = {
    ...bench,
    link,
    get now() {
      return bench.now;
    },
  };
  const download = createDownload(context, {
    replicas: { log: replica, roster: replica },
    outline: (of) => void outlined.push(of),
    finished: (_, with_) => void finished.push(with_.map(({ session }) => session)),
    others: () => [],
  });
  return { bench, download, sources, ids, sent, outlined, finished };
}

const fetches = ({ sent }: Newcomer): { to: Session; frame: Fetch }[] =>
  sent.splice(0).filter((one): one is { to: Session; frame: Fetch } => one.frame.type === "fetch");
const pages = (frame: Fetch, held: OrderedSet<string>): Page[] =>
  pagesFor(frame, held, () => 250).map(({ ids, ...page }) => ({
    type: "page",
    set: frame.set,
    ...page,
    items: ids.map((id) => Buffer.alloc(250, id.slice(0, 12))),
  }));
const take = ({ download, ids }: Newcomer, from: Session, page: Page, held: OrderedSet<string>): void => {
  for (const id of held.slice(page.lo, page.hi, 100)) ids.insert(id);
  download.onPage(from, page);
};
/** Lets time pass, and what is late be late. */
function pass({ bench, download }: Newcomer, ms: number): void {
  const until = bench.now.mono + ms;
  for (let at = bench.timers.nextDeadline(); at !== undefined && at <= until; at = bench.timers.nextDeadline()) {
    Object.assign(bench, { now: { mono: at, wall: at } });
    const row = bench.timers.takeDue(at);
    if (row?.type === "download") download.onTimer(row.set, row.boot, row.number);
  }
  Object.assign(bench, { now: { mono: until, wall: until } });
}

describe("a newcomer", () => {
  it("asks whoever answers first for the newest LATEST_LIMIT messages, and what it holds where", () => {
    const world = create(1);
    const [anna] = world.sources as [Session];
    world.download.fetchAll(anna, "log", "", holding(1_000));
    expect(world.sent).toEqual([
      {
        to: anna,
        frame: { type: "fetch", set: "log", number: 1, credit: 13, stretches: [{ lo: "", hi: END }] },
      },
    ]);
    expect(world.outlined).toEqual([anna]);
  });

  it("gives each further source another part of the rest, the newest first", () => {
    const world = create(3);
    const [anna, bob, carol] = world.sources as [Session, Session, Session];
    world.download.fetchAll(anna, "log", "", holding(1_000));
    outline(world, anna, 1_000, 8);
    const held = setOf(upTo(1_000));
    for (const page of pages(fetches(world)[0]?.frame as Fetch, held)) take(world, anna, page, held);
    world.download.join(bob, "log", holding(1_000));
    world.download.join(carol, "log", holding(950));
    const asked = fetches(world);
    expect(new Set(asked.map(({ to }) => to))).toEqual(new Set([anna, bob, carol]));
    const stretches = asked.flatMap(({ frame }) => frame.stretches).sort((a, b) => (a.hi < b.hi ? 1 : -1));
    for (const [index, { hi }] of stretches.entries()) expect(hi <= (stretches[index - 1]?.lo ?? END)).toBe(true);
  });

  it("does not ask whoever holds far less, nor more sources than there may be", () => {
    const world = create(SUPPLIERS_MAX + 2);
    const [anna, ...others] = world.sources as [Session, ...Session[]];
    world.download.fetchAll(anna, "log", "", holding(1_000));
    outline(world, anna, 1_000, 20);
    for (const page of pages(fetches(world)[0]?.frame as Fetch, setOf(upTo(1_000)))) world.download.onPage(anna, page);
    world.download.join(others[0] as Session, "log", holding(800));
    expect(fetches(world).map(({ to }) => to)).not.toContain(others[0]);
    for (const other of others) world.download.join(other, "log", holding(1_000));
    expect(new Set(fetches(world).map(({ to }) => to)).size).toBe(SUPPLIERS_MAX - 1);
  });

  it("asks nobody for what it would let go at once", () => {
    const world = create(1, 100);
    const [anna] = world.sources as [Session];
    world.download.lacking(anna, "log", "", "10", 500, holding(700));
    world.download.lacking(anna, "log", "10", "20", 90, holding(700));
    world.download.lacking(anna, "log", "20", END, 110, holding(700));
    world.download.go("log");
    expect(fetches(world).flatMap(({ frame }) => frame.stretches)).toEqual([{ lo: "20", hi: END }]);
  });
});

describe("a source", () => {
  it("that is silent for as long as a datagram counts as lost gives its part to another at once", () => {
    const world = create(2);
    const [anna, bob] = world.sources as [Session, Session];
    world.download.fetchAll(anna, "log", "", holding(100));
    const [first] = fetches(world);
    world.download.join(bob, "log", holding(100));
    expect(fetches(world)).toEqual([]);
    pass(world, 230);
    const [next] = fetches(world);
    expect(next).toMatchObject({ frame: { stretches: first?.frame.stretches } });
    pass(world, 3_000);
    const asked = fetches(world).map(({ to }) => to);
    expect(asked).toContain(anna);
    expect(asked).toContain(bob);
  });

  it("that stays silent is left alone, told by a ping, and comes back with its digest", () => {
    const world = create(2);
    const [anna, bob] = world.sources as [Session, Session];
    const held = setOf(upTo(3_000));
    world.download.fetchAll(anna, "log", "", holding(3_000));
    outline(world, anna, 3_000, 10);
    world.download.join(bob, "log", holding(3_000));
    let pinged = false;
    for (let round = 0; round < 60; round += 1) {
      for (const { to, frame } of world.sent.splice(0)) {
        if (to === anna && frame.type === "ping") pinged = true;
        else if (to === anna && pinged) throw new Error("asked after all");
        else if (to === bob && frame.type === "fetch")
          for (const page of pages(frame, held)) take(world, bob, page, held);
      }
      if (pinged) break;
      pass(world, 50);
    }
    expect(pinged).toBe(true);
    world.download.join(anna, "log", holding(3_000));
    expect(fetches(world).map(({ to }) => to)).toContain(anna);
  });

  it("that says it is done without giving what it said it holds is not asked for it again", () => {
    const world = create(1);
    const [anna] = world.sources as [Session];
    world.download.fetchAll(anna, "log", "", holding(5_000));
    for (const page of pages(fetches(world)[0]?.frame as Fetch, setOf([]))) world.download.onPage(anna, page);
    expect(fetches(world)).toEqual([]);
    expect(world.finished).toEqual([[anna]]);
    expect(world.bench.timers.nextDeadline()).toBeUndefined();
  });

  it("that sends pages nobody asked it for changes nothing", () => {
    const world = create(2);
    const [anna, bob] = world.sources as [Session, Session];
    world.download.fetchAll(anna, "log", "", holding(100));
    const [page] = pages(fetches(world)[0]?.frame as Fetch, setOf([]));
    world.download.onPage(bob, page as Page);
    world.download.onPage(anna, { ...(page as Page), number: 77 });
    expect(world.download.isFetching("log")).toBe(true);
    expect(world.bench.counters.totals().dropped).toEqual({ "page-unasked": 2 });
  });

  it("that has said the most and never gives any costs a few seconds, and no more", () => {
    const world = create(1);
    const [anna] = world.sources as [Session];
    world.download.fetchAll(anna, "log", "", holding(2 ** 50));
    pass(world, 10_000);
    expect(world.download.isFetching("log")).toBe(false);
    expect(world.bench.timers.nextDeadline()).toBeUndefined();
    expect(world.sent.length).toBeLessThan(20);
  });
});

describe("all of a history", () => {
  it.each([
    { sources: 1, loss: 0, dies: false },
    { sources: 4, loss: 0, dies: false },
    { sources: 4, loss: 0.3, dies: false },
    { sources: 4, loss: 0.3, dies: true },
    { sources: 1, loss: 0.3, dies: false },
  ])("comes once from $sources sources, $loss lost, one dies: $dies", ({ sources, loss, dies }) => {
    for (let seed = 1; seed <= 5; seed += 1) {
      const world = create(sources);
      const rng = seededRng(seed);
      const isLost = (): boolean => below(rng, 100) < 100 * loss;
      const held = setOf(upTo(2_000));
      const dead = new Set<Session>();
      let twice = 0;
      const [first, ...others] = world.sources as [Session, ...Session[]];
      world.download.fetchAll(first, "log", "", holding(2_000));
      outline(world, first, 2_000, 8);
      for (const other of others) world.download.join(other, "log", holding(2_000));
      for (let round = 0; world.ids.size() < 2_000 && round < 3_000; round += 1) {
        for (const { to, frame } of world.sent.splice(0)) {
          if (frame.type === "ping" && !dead.has(to) && !isLost()) world.download.join(to, "log", holding(2_000));
          if (frame.type !== "fetch" || dead.has(to) || isLost()) continue;
          for (const page of pages(frame, held)) {
            if (isLost()) continue;
            for (const id of held.slice(page.lo, page.hi, 100)) twice += world.ids.has(id) ? 1 : 0;
            take(world, to, page, held);
          }
        }
        if (dies && world.ids.size() > 700) dead.add(first);
        if (!world.download.isFetching("log") && world.ids.size() < 2_000) throw new Error("gave up");
        pass(world, 10);
      }
      expect(world.ids.size()).toBe(2_000);
      expect(twice).toBe(0);
      pass(world, 20_000);
      expect(world.download.isFetching("log")).toBe(false);
    }
  });
});
