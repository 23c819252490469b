/** Retention is a function of the set: whatever order messages come in, and whoever passes on what it keeps, all keep the same. */
import { describe, expect, it } from "vitest";
import {
  createRetention,
  keep,
  letGo,
  newestFloor,
  type Retention,
  refuses,
} from "../../../src/protocol/log/retention.ts";
import { below, type Rng, seededRng } from "../../../src/protocol/rng.ts";

/** Its time is its name, which no other has. */
type Said = { readonly author: number; readonly time: number };
type Replica = { readonly retention: Retention; readonly kept: Map<number, Said> };

function createReplica(max: number): Replica {
  return { retention: createRetention(max, (one, other) => one < other), kept: new Map() };
}

/** What was let go, if anything. */
function take({ retention, kept }: Replica, said: Said): number | undefined {
  if (kept.has(said.time)) return undefined;
  const isRefused = refuses(retention, said.author, (other) => said.time < other);
  kept.set(said.time, said);
  keep(retention, said.author, said.time);
  const gone = letGo(retention);
  if (gone !== undefined) kept.delete(gone);
  if (isRefused !== (gone === said.time)) throw new Error(`refused ${isRefused}, let go ${gone} for ${said.time}`);
  return gone;
}

const keptBy = ({ kept }: Replica): number[] => [...kept.keys()].sort((a, b) => a - b);

/** As PROTOCOL.md says it, word by word. */
function byTheWords(all: readonly Said[], max: number): number[] {
  const left = [...all].sort((a, b) => a.time - b.time);
  while (left.length > max) {
    const counts = new Map<number, number>();
    for (const { author } of left) counts.set(author, (counts.get(author) ?? 0) + 1);
    const most = Math.max(...counts.values());
    left.splice(
      left.findIndex(({ author }) => counts.get(author) === most),
      1,
    );
  }
  return left.map(({ time }) => time);
}

function shuffled<Item>(items: readonly Item[], rng: Rng): Item[] {
  const result = [...items];
  for (let at = result.length - 1; at > 0; at -= 1) {
    const other = below(rng, at + 1);
    [result[at], result[other]] = [result[other] as Item, result[at] as Item];
  }
  return result;
}

/** Some say much, most say little; now one after another, now all at once. */
function room(rng: Rng): { all: Said[]; max: number } {
  const authors = 1 + below(rng, 8);
  const isFlooded = below(rng, 2) === 0;
  const all = Array.from({ length: below(rng, 80) }, (_, time): Said => {
    const author = isFlooded && below(rng, 3) > 0 ? 0 : below(rng, authors);
    return { author, time };
  });
  return { all, max: 1 + below(rng, 30) };
}

describe("what is kept", () => {
  it("is what the words of the protocol say, in whatever order it comes", () => {
    for (let seed = 1; seed <= 5_000; seed += 1) {
      const rng = seededRng(seed);
      const { all, max } = room(rng);
      const replica = createReplica(max);
      for (const said of shuffled(all, rng)) take(replica, said);
      expect(keptBy(replica), `seed ${seed}`).toEqual(byTheWords(all, max));
    }
  });

  it("becomes the same on all that exchange only what they keep, whoever heard what, and how often", () => {
    for (let seed = 1; seed <= 5_000; seed += 1) {
      const rng = seededRng(seed);
      const { all, max } = room(rng);
      const replicas = Array.from({ length: 2 + below(rng, 4) }, () => createReplica(max));
      for (const said of shuffled(all, rng)) {
        // Each message is heard by one at least, and by some of the others.
        const first = below(rng, replicas.length);
        for (const [at, replica] of replicas.entries()) if (at === first || below(rng, 3) === 0) take(replica, said);
        const [from, to] = [replicas[below(rng, replicas.length)], replicas[below(rng, replicas.length)]];
        // In the middle of it two compare some of what they have.
        if (below(rng, 8) > 0) continue;
        for (const each of shuffled([...(from as Replica).kept.values()], rng))
          if (below(rng, 2) === 0) take(to as Replica, each);
      }
      for (let round = 0; round < replicas.length; round += 1)
        for (const from of replicas)
          for (const to of replicas) for (const each of [...from.kept.values()]) take(to, each);
      for (const replica of replicas) expect(keptBy(replica), `seed ${seed}`).toEqual(byTheWords(all, max));
    }
  });

  it("of one who keeps less is kept by one who keeps more, and follows from that", () => {
    for (let seed = 1; seed <= 2_000; seed += 1) {
      const rng = seededRng(seed);
      const { all, max } = room(rng);
      const more = byTheWords(all, max + below(rng, 20));
      const [less, fromMore] = [createReplica(max), createReplica(max)];
      for (const said of shuffled(all, rng)) take(less, said);
      for (const time of more) take(fromMore, all[time] as Said);
      expect(keptBy(fromMore), `seed ${seed}`).toEqual(keptBy(less));
    }
  });

  it("of an author is at least an equal share, whatever the others say", () => {
    for (let seed = 1; seed <= 500; seed += 1) {
      const rng = seededRng(seed);
      const { all, max } = room(rng);
      const kept = new Set(byTheWords(all, max));
      const authors = new Set(all.map(({ author }) => author));
      for (const author of authors) {
        const newest = all.filter((said) => said.author === author).slice(-Math.floor(max / authors.size));
        if (max >= authors.size) expect(newest.every(({ time }) => kept.has(time))).toBe(true);
      }
    }
  });
});

describe("what may have been let go", () => {
  it("is older than the newest floor, if there is any", () => {
    for (let seed = 1; seed <= 3_000; seed += 1) {
      const rng = seededRng(seed);
      const { all, max } = room(rng);
      const replica = createReplica(max);
      const gone: number[] = [];
      for (const said of shuffled(all, rng)) gone.push(take(replica, said) ?? -1);
      const floor = newestFloor(replica.retention);
      if (all.length < max) expect(floor).toBeUndefined();
      else if (all.length > 0) expect(Math.max(...gone)).toBeLessThan(floor as number);
    }
  });
});

describe("the work for one message", () => {
  /** Comparisons for each message of the second half. */
  function comparisons(
    count: number,
    max: number,
    authorOf: (at: number) => number,
    timeOf: (at: number) => number,
  ): number {
    let compared = 0;
    const retention = createRetention(max, (one, other) => {
      compared += 1;
      return one < other;
    });
    for (let at = 0; at < count; at += 1) {
      if (at === count / 2) compared = 0;
      keep(retention, authorOf(at), timeOf(at));
      letGo(retention);
    }
    expect(retention.size).toBe(Math.min(max, count));
    return compared / (count / 2);
  }
  const scattered = (at: number): number => (at * 7_919) % 1_000_003;

  it.each([
    ["one author", () => 0],
    ["ten authors", (at: number) => at % 10],
    ["as many authors as messages", (at: number) => at],
  ] as const)("grows as the logarithm of what is kept: %s", (_, authorOf) => {
    for (const timeOf of [(at: number) => at, (at: number) => 1_000_000 - at, scattered]) {
      const few = comparisons(2_000, 1_000, authorOf, timeOf);
      const many = comparisons(20_000, 10_000, authorOf, timeOf);
      // Ten times as many: three or four levels more, of some twenty.
      expect(many).toBeLessThan(2 * few + 10);
      expect(many).toBeLessThan(120);
    }
  });
});
