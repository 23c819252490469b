/** What a peer listed and is not here: that peer alone is asked for it, in one frame, until it is here. */
import { describe, expect, it } from "vitest";
import type { Context } from "../../../src/protocol/context.ts";
import { shortIdOf } from "../../../src/protocol/idset/shortIds.ts";
import { limits } from "../../../src/protocol/limits.ts";
import type { Session } from "../../../src/protocol/link/session.ts";
import {
  arrivedListed,
  askAgainListed,
  askListed,
  createListedWants,
  isListedWanted,
  type ListedWants,
  type Listing,
} from "../../../src/protocol/log/listedWants.ts";
import { END, type Frame } from "../../../src/wire/frames.ts";
import type { MessageId } from "../../../src/wire/ids.ts";
import { type Bench, bootFrom, createBench } from "../fixtures.ts";

type Asked = { readonly to: Session; readonly hashes: readonly string[] };
type Place = {
  readonly bench: Bench;
  readonly context: Context;
  readonly wants: ListedWants;
  readonly asked: Asked[];
  readonly sources: Session[];
};

const idOf = (front: number, rest = 0): MessageId =>
  (front.toString(16).padStart(12, "0") + rest.toString(16).padStart(36, "0")) as MessageId;

function create(sourceCount = 2): Place {
  const bench = createBench();
  const asked: Asked[] = [];
  const link = {
    ...bench.link,
    send: (to: Session, frame: Frame) => {
      if (frame.type === "wantListed") asked.push({ to, hashes: frame.hashes });
    },
  };
  const context = {
    ...bench,
    link,
    get now() {
      return bench.now;
    },
  };
  const sources = Array.from({ length: sourceCount }, () => bench.link.sessions.open(bootFrom(bench.rng)));
  return { bench, context, wants: createListedWants(), asked, sources };
}

const listing = (key: number, lo = "", hi: string = END): Listing => ({
  lo,
  hi,
  salt: key.toString(16).padStart(8, "0"),
  key: new Uint8Array(32).fill(key),
});

function list({ context, wants }: Place, from: Session, named: Listing, ids: readonly MessageId[]): void {
  askListed(
    context,
    wants,
    from,
    named,
    ids.map((id) => shortIdOf(id, named.key)),
  );
}

/** Fires what is due up to `now`. */
function run({ bench, context, wants }: Place, now: number): void {
  (bench as { now: { mono: number; wall: number } }).now = { mono: now, wall: now };
  for (let row = bench.timers.takeDue(now); row !== undefined; row = bench.timers.takeDue(now)) {
    if (row.type === "want-listed") askAgainListed(context, wants, row.number);
  }
}

describe("what a peer listed", () => {
  it("is asked for at once in one frame, and what is lacking yet again, eight times in all", () => {
    const place = create();
    const [source] = place.sources as [Session];
    const ids = [idOf(1), idOf(2), idOf(2, 1), idOf(3)];
    list(place, source, listing(1), ids);
    expect(place.asked).toMatchObject([{ to: source }]);
    expect(place.asked[0]?.hashes).toHaveLength(4);
    arrivedListed(place.context, place.wants, ids[1] as MessageId);
    for (let now = 0; now < 20_000; now += 10) run(place, now);
    expect(place.asked).toHaveLength(8);
    for (const { hashes } of place.asked.slice(1)) expect(hashes).toHaveLength(3);
    expect(place.wants.size).toBe(0);
    expect([place.wants.batches.size, place.wants.byFront.size]).toEqual([0, 0]);
    expect(place.bench.timers.nextDeadline()).toBeUndefined();
  });

  it("is asked for no more when all of it is here, whoever brought it", () => {
    const place = create();
    const ids = [idOf(1), idOf(2)];
    list(place, place.sources[0] as Session, listing(1), ids);
    for (const id of ids) arrivedListed(place.context, place.wants, id);
    for (let now = 0; now < 20_000; now += 10) run(place, now);
    expect(place.asked).toHaveLength(1);
    expect([place.wants.size, place.wants.batches.size, place.wants.byFront.size]).toEqual([0, 0, 0]);
  });

  it("by two peers is asked of the second a round trip later, and not if it has come by then; what else it listed at once", () => {
    const place = create();
    const [one, other] = place.sources as [Session, Session];
    list(place, one, listing(1), [idOf(1)]);
    list(place, other, listing(2), [idOf(1), idOf(5)]);
    expect(place.asked.map(({ to, hashes }) => [to === one, hashes.length])).toEqual([
      [true, 1],
      [false, 1],
    ]);
    for (let now = 0; now < 3_000; now += 10) run(place, now);
    expect(place.asked.filter(({ to }) => to === other).length).toBeGreaterThan(2);
    const again = create();
    list(again, again.sources[0] as Session, listing(1), [idOf(1)]);
    list(again, again.sources[1] as Session, listing(2), [idOf(1)]);
    arrivedListed(again.context, again.wants, idOf(1));
    for (let now = 0; now < 3_000; now += 10) run(again, now);
    expect(again.asked).toHaveLength(1);
    expect(again.wants.size).toBe(0);
  });

  it("may be announced by that peer, and by no other", () => {
    const place = create();
    const [one, other] = place.sources as [Session, Session];
    list(place, one, listing(1, "", "02"), [idOf(1)]);
    const wanted = (id: MessageId, by: Session): boolean => isListedWanted(place.wants, id, by);
    expect([wanted(idOf(1), one), wanted(idOf(1), other), wanted(idOf(1, 7), one), wanted(idOf(2), one)]).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });

  it("is forgotten with its peer", () => {
    const place = create();
    const [source] = place.sources as [Session];
    list(place, source, listing(1), [idOf(1)]);
    place.bench.link.sessions.forget(source.boot);
    run(place, 5_000);
    expect(place.asked).toHaveLength(1);
    expect([place.wants.size, place.wants.byFront.size]).toEqual([0, 0]);
  });

  it("is looked for in the latest lists alone where many name the same time, and never in more than sixteen", () => {
    const place = create(40);
    for (const [at, source] of place.sources.entries()) list(place, source, listing(at), [idOf(1, at)]);
    expect(place.wants.byFront.get(idOf(1).slice(0, 12))?.size).toBe(16);
    expect(place.wants.size).toBe(16);
    const [first, last] = [place.sources[0], place.sources[39]] as [Session, Session];
    expect(isListedWanted(place.wants, idOf(1, 0), first)).toBe(false);
    expect(isListedWanted(place.wants, idOf(1, 39), last)).toBe(true);
  });

  it("beyond the bound is counted, not kept", () => {
    const place = create();
    const [source] = place.sources as [Session];
    for (let at = 0; at < limits.wanted / 64 + 5; at += 1)
      list(
        place,
        source,
        listing(1),
        Array.from({ length: 64 }, (_, index) => idOf(64 * at + index)),
      );
    expect(place.wants.size).toBe(limits.wanted);
    expect(place.bench.counters.totals().dropped).toEqual({ "wanted-full": 5 });
  });
});
