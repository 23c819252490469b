/** The link alone: how acknowledgements are gathered, what counts as lost, and the bound on what waits. */
import { describe, expect, it } from "vitest";
import { open } from "../../../src/crypto/roomKeys.ts";
import type { Effect } from "../../../src/protocol/api.ts";
import { createCounters } from "../../../src/protocol/counters.ts";
import { limits } from "../../../src/protocol/limits.ts";
import { WINDOW_FIRST } from "../../../src/protocol/link/congestion.ts";
import { createLink } from "../../../src/protocol/link/link.ts";
import type { Fate, PushTicket, Session, Ticket } from "../../../src/protocol/link/session.ts";
import type { Link, LinkTimer } from "../../../src/protocol/link/types.ts";
import { seededRng } from "../../../src/protocol/rng.ts";
import type { Millis } from "../../../src/protocol/time.ts";
import { createTimers, type Timers } from "../../../src/protocol/timers.ts";
import { linkKeysOf } from "../../../src/sim/world/linkKeys.ts";
import { decodeHeader, echoOf, type Header } from "../../../src/wire/datagram.ts";
import type { Endpoint } from "../../../src/wire/endpoint.ts";
import { decodeFrames, type Frame } from "../../../src/wire/frames.ts";
import type { MessageId } from "../../../src/wire/ids.ts";
import { bootFrom, keyOf, linkOptions, transmits } from "../fixtures.ts";

type End = {
  readonly link: Link;
  readonly timers: Timers<LinkTimer>;
  readonly endpoint: Endpoint;
  /** What became of what was sent with a ticket. */
  readonly fates: [Ticket, Fate][];
  /** What each datagram that it sent asks to be given back, by its counter. */
  readonly echoes: ReadonlyMap<number, number>;
};

const rng = seededRng(1);
const createEnd = (port: number): End => {
  const timers = createTimers<LinkTimer>();
  const fates: End["fates"] = [];
  const settled = (ticket: Ticket, fate: Fate): void => void fates.push([ticket, fate]);
  const inner = createLink({ ...linkOptions(bootFrom(rng)), timers, counters: createCounters(), settled });
  const echoes = new Map<number, number>();
  const flush: Link["flush"] = (now) => {
    const effects = inner.flush(now);
    for (const { bytes } of transmits(effects)) echoes.set((decodeHeader(bytes) as Header).counter, echoOf(bytes));
    return effects;
  };
  return { link: { ...inner, flush }, echoes, timers, endpoint: `10.0.0.1:${port}` as Endpoint, fates };
};

const pushTicket: PushTicket = {
  owner: "relay",
  id: "ab".repeat(24) as MessageId,
  task: 0,
  branch: 0,
  delegate: 0,
  carried: "body",
};

/** The session of the other end, known to be where it is. */
function sessionTo(end: End, other: End): Session {
  const session = end.link.sessions.open(other.link.boot);
  const { publicKey: linkKey } = linkKeysOf(other.link.boot);
  Object.assign(session, { endpoint: other.endpoint, standing: "validated", proven: true, linkKey, isLinked: true });
  return session;
}

/** As much may be under way to it as a test likes. */
function unlimited(session: Session): Session {
  session.congestion.window = Number.POSITIVE_INFINITY;
  return session;
}

const sizeOf = (frame: object): number => ("bytes" in frame ? (frame.bytes as Uint8Array).length : 0);

/** What these datagrams bring is taken, and their acknowledgement is owed from now on. */
const carry = (effects: readonly Effect[], from: End, to: End, now: Millis): void => {
  for (const { bytes } of transmits(effects)) {
    const received = to.link.receive(bytes, from.endpoint, now);
    if (received !== undefined) to.link.acknowledge(received, 0, now);
  }
};
/** All frames of a datagram, acknowledgements included, which the link keeps to itself. */
const framesIn = (bytes: Uint8Array, to: End): readonly Frame[] => {
  const header = decodeHeader(bytes);
  if (typeof header === "string") throw new Error(header);
  const inner = open(keyOf(header, to.link.boot), header, to.link.boot, bytes);
  const frames = inner === undefined ? "not opened" : decodeFrames(inner);
  if (typeof frames === "string") throw new Error(frames);
  return frames;
};
/** The datagram that acknowledges these counters. */
const ackOf = (by: End, to: End, counters: readonly number[]): Uint8Array => {
  by.link.send(sessionTo(by, to), { type: "ack", counters, delayMs: 0, echo: to.echoes.get(counters[0] ?? -1) ?? 0 });
  return transmits(by.link.flush(0))[0]?.bytes as Uint8Array;
};

describe("a link", () => {
  it("acknowledges many datagrams in one, and what is acknowledged is not lost", () => {
    const [one, other] = [createEnd(1), createEnd(2)];
    const session = sessionTo(one, other);
    for (let sent = 0; sent < 10; sent += 1) {
      one.link.send(session, { type: "ping" });
      carry(one.link.flush(sent), one, other, 10);
    }
    expect(one.link.unacknowledged()).toBe(10);
    sessionTo(other, one);
    const [ack, ...more] = transmits(other.link.flush(10));
    expect(more).toEqual([]);
    expect(framesIn(ack?.bytes as Uint8Array, one)).toMatchObject([
      { type: "ack", counters: [9, 8, 7, 6, 5, 4, 3, 2, 1, 0] },
    ]);
    one.link.receive(ack?.bytes as Uint8Array, other.endpoint, 20);
    expect(one.link.unacknowledged()).toBe(0);
    expect(one.timers.nextDeadline()).toBeUndefined();
    expect(session.rtt.smoothedMs).toBe(11);
    expect(one.link.lossRate()).toBe(0);
  });

  it("counts a datagram as lost after its time, with what its sender wants to know of it", () => {
    const [one, other] = [createEnd(1), createEnd(2)];
    const session = sessionTo(one, other);
    const ticket = { owner: "probe", peer: "ab".repeat(32) as never } as const;
    one.link.send(session, { type: "ping" }, { ticket });
    one.link.flush(0);
    expect(one.timers.nextDeadline()).toBe(2 * limits.initialRttMs + limits.rtoSlackMs);
    expect(one.timers.takeDue(1_000)).toEqual({ type: "lost", counter: 0 });
    one.link.lost(0, 10_000);
    expect(one.fates).toEqual([[ticket, "lost"]]);
    one.link.lost(0, 10_000);
    expect(one.fates).toHaveLength(1);
    expect(one.link.lossRate()).toBeGreaterThan(0);
  });

  it("sends what was said a while ago behind all else, but for one datagram in four, and does not count it as waiting", () => {
    const [one, other] = [createEnd(1), createEnd(2)];
    const session = unlimited(sessionTo(one, other));
    const message = (size: number): Frame => ({ type: "message", bytes: Buffer.alloc(size, 1) });
    const flushed = (): [string, number][][] =>
      transmits(one.link.flush(0)).map(({ bytes }) =>
        (other.link.receive(bytes, one.endpoint, 0)?.frames ?? []).map((frame) => [frame.type, sizeOf(frame)]),
      );
    one.link.send(session, { type: "ping" });
    flushed();
    for (const size of [700, 701]) one.link.send(session, message(size), { isBulk: true });
    one.link.send(session, { type: "ping" });
    one.link.send(session, message(9));
    expect(flushed()).toEqual([
      [
        ["ping", 0],
        ["message", 9],
        ["message", 700],
      ],
      [["message", 701]],
    ]);
    for (const size of [801, 802]) one.link.send(session, message(size), { isBulk: true });
    for (let live = 0; live < 6; live += 1) one.link.send(session, message(900 + live));
    expect(flushed().map((frames) => frames.map(([, size]) => size))).toEqual(
      [900, 801, 901, 902, 903, 802, 904, 905].map((size) => [size]),
    );
    session.congestion.window = 0;
    const advertise: Frame = { type: "advertise", slice: { order: 0, lo: 0, last: 1 }, id: pushTicket.id };
    one.link.send(session, message(700), { isBulk: true });
    one.link.send(session, advertise, { orderOf: pushTicket.id });
    expect(one.link.backlog(1), "what others say holds up nobody here").toBe(0);
    one.link.send(session, advertise, { orderOf: pushTicket.id, isOwn: true });
    one.link.send(session, { type: "ping" });
    expect(flushed(), "who asks whether a peer is alive does not wait for room").toEqual([[["ping", 0]]]);
    expect([session.outbox.length, session.bulk.length, one.link.backlog(1)]).toEqual([2, 1, 1]);
  });

  it("lets those frames go that compare logs, though the window is full, unless what people say is under way", () => {
    const [one, other] = [createEnd(1), createEnd(2)];
    const session = sessionTo(one, other);
    const want: Frame = { type: "want", ids: ["ab".repeat(24) as MessageId] };
    session.congestion.window = 1;
    one.link.send(session, { type: "message", bytes: Buffer.alloc(100) });
    one.link.send(session, want);
    expect(one.link.flush(0), "one datagram for both").toHaveLength(1);
    one.link.send(session, want);
    expect(one.link.flush(0)).toHaveLength(1);
    session.congestion.window = 3;
    one.link.send(
      session,
      { type: "advertise", slice: { order: 0, lo: 0, last: 1 }, id: pushTicket.id },
      { orderOf: pushTicket.id },
    );
    expect(one.link.flush(0)).toHaveLength(1);
    one.link.send(session, want);
    expect(one.link.flush(0)).toHaveLength(0);
  });

  it("asks for no acknowledgement of what the next of its kind replaces", () => {
    const [one, other] = [createEnd(1), createEnd(2)];
    one.link.send(sessionTo(one, other), { type: "observed", endpoint: other.endpoint, wall: 0 });
    expect(transmits(one.link.flush(0))).toHaveLength(1);
    expect(one.link.unacknowledged()).toBe(0);
  });

  it("fills datagrams with frames in order, and none is longer than 1,200 bytes", () => {
    const [one, other] = [createEnd(1), createEnd(2)];
    const session = unlimited(sessionTo(one, other));
    const sizes = Array.from({ length: 60 }, (_, index) => 20 + ((index * 337) % 1_100));
    for (const size of sizes) one.link.send(session, { type: "message", bytes: Buffer.alloc(size, size) });
    const datagrams = transmits(one.link.flush(0));
    expect(Math.max(...datagrams.map(({ bytes }) => bytes.length))).toBeLessThanOrEqual(1_200);
    const frames = datagrams.flatMap(({ bytes }) => other.link.receive(bytes, one.endpoint, 0)?.frames ?? []);
    expect(frames.map((frame) => (frame.type === "message" ? frame.bytes.length : 0))).toEqual(sizes);
    expect(datagrams.length).toBeLessThan(45);
  });

  it("remembers no more unacknowledged datagrams than its bound, and the oldest count as lost", () => {
    const one = createEnd(1);
    const sessions = Array.from({ length: limits.unacknowledged / 50 }, (_, index) =>
      unlimited(sessionTo(one, createEnd(index + 2))),
    );
    const message = { type: "message", bytes: Buffer.alloc(1_100) } as const;
    for (const session of sessions) {
      for (let sent = 0; sent < 60; sent += 1) one.link.send(session, message, { ticket: pushTicket });
      // As a step of the core does: what is due is lost, then everything goes out.
      for (let row = one.timers.takeDue(1); row !== undefined; row = one.timers.takeDue(1)) {
        if (row.type === "lost") one.link.lost(row.counter, 10_000);
      }
      one.link.flush(1);
      expect(one.link.unacknowledged()).toBeLessThanOrEqual(limits.unacknowledged);
    }
    expect(one.fates.length).toBeGreaterThan(0);
    expect(new Set(one.fates.map(([, fate]) => fate))).toEqual(new Set(["lost"]));
    expect(one.link.unacknowledged()).toBe(limits.unacknowledged);
  });

  it("has a limited number of datagrams under way to one peer, and what waits goes packed when they are acknowledged", () => {
    const [one, other] = [createEnd(1), createEnd(2)];
    const session = sessionTo(one, other);
    let first: Effect[] = [];
    for (let sent = 0; sent < 500; sent += 1) {
      one.link.send(session, { type: "message", bytes: Buffer.alloc(200) }, { isOwn: true });
      first = [...first, ...one.link.flush(0)];
    }
    expect(first).toHaveLength(WINDOW_FIRST);
    carry(first, one, other, 20);
    for (const { bytes } of transmits(other.link.flush(20))) one.link.receive(bytes, other.endpoint, 40);
    // Five of these frames fit a datagram: the 496 that waited need 100.
    expect(transmits(one.link.flush(40)), "the window has doubled").toHaveLength(2 * WINDOW_FIRST);
    expect(one.link.backlog(40)).toBe(500 - WINDOW_FIRST - 5 * 2 * WINDOW_FIRST);
    expect(one.link.backlog(40_000), "who does not answer holds nobody up").toBe(0);
  });

  it.each<[string, Frame, { isBulk?: boolean }]>([
    ["what may not wait", { type: "ping" }, {}],
    ["what people say", { type: "message", bytes: Buffer.alloc(10) }, {}],
    ["what they said", { type: "message", bytes: Buffer.alloc(10) }, { isBulk: true }],
  ])("keeps no more for one peer than there is room for, of %s, and counts the rest", (_, frame, options) => {
    const counters = createCounters();
    const other = createEnd(2);
    const timers = createTimers<LinkTimer>();
    const link = createLink({ ...linkOptions(bootFrom(rng)), timers, counters, settled: () => {} });
    const session = link.sessions.open(other.link.boot);
    for (let sent = 0; sent < limits.outboxFrames + 5; sent += 1) link.send(session, frame, options);
    expect(session.prompt.length + session.outbox.length + session.bulk.length).toBe(limits.outboxFrames);
    expect(counters.totals().dropped).toEqual({ "outbox-full": 5 });
  });

  it("takes a late acknowledgement as proof that nothing was lost, and waits longer from then on", () => {
    const [one, other] = [createEnd(1), createEnd(2)];
    const session = sessionTo(one, other);
    one.link.send(session, { type: "ping" }, { ticket: pushTicket });
    carry(one.link.flush(0), one, other, 0);
    one.link.lost(0, 10_000);
    expect(one.fates.splice(0)).toEqual([[pushTicket, "lost"]]);
    const after = one.link.lossRate();
    expect(after).toBeGreaterThan(0);
    one.link.receive(ackOf(other, one, [0]), other.endpoint, 400);
    expect(one.fates.splice(0)).toEqual([[pushTicket, "acknowledged"]]);
    expect(one.link.lossRate()).toBeLessThan(after);
    expect(session.rtt.smoothedMs).toBe(400);
    one.link.receive(ackOf(other, one, [0]), other.endpoint, 400);
    expect(one.fates).toEqual([]);
  });
});
