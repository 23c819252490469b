// Order of effects, the one alarm, journals that write in the background, hosts that sleep.

import { describe, expect, it } from "vitest";
import { BACKLOG_MAX, createDriver, type Driver, type DriverOptions } from "../../src/node/driver.ts";
import type { Effect, Input, JournalEntry } from "../../src/protocol/api.ts";
import type { ChatEvent } from "../../src/protocol/events.ts";
import type { Now } from "../../src/protocol/time.ts";
import type { Journal } from "../../src/store/journal.ts";
import { memoryJournal } from "../../src/store/memory.ts";
import { datagram, emit, fakeCore, persist, transmit } from "./fakeCore.ts";

const timer: Input = { type: "timer" };
const leave: Input = { type: "command", command: { type: "leave" } };

describe("effects", () => {
  it("are performed in the order of the core, persist and all", () => {
    const broadcast: Effect = { type: "broadcast", bytes: Uint8Array.of(6) };
    const host = drive(() => [transmit(1), persist(2), emit(3), broadcast, transmit(4), emit(5)]);
    host.driver.step(datagram(0));
    expect(host.done).toEqual(["transmit 1", "append 2", "emit 3", "broadcast 6", "transmit 4", "emit 5"]);
  });

  it("of one input are all performed before the next input is handled", () => {
    const host = drive((input) => (input.type === "command" ? [emit(9)] : [emit(1), transmit(2), emit(3)]));
    host.onEmit = (n) => {
      if (n === 1) host.driver.step(leave);
      host.done.push(`handled ${host.core.inputs.length}`);
    };
    host.driver.step(datagram(0));
    expect(host.done).toEqual(["emit 1", "handled 1", "transmit 2", "emit 3", "handled 1", "emit 9", "handled 2"]);
  });

  it("never recurse, however deep listeners chain their inputs", () => {
    const host = drive(() => [emit(1)]);
    let left = 50_000;
    host.onEmit = () => {
      left -= 1;
      if (left > 0) host.driver.step(leave);
    };
    host.driver.step(leave);
    expect(host.core.inputs.length).toBe(50_000);
  });

  it("that were left when a listener threw are performed with the next input, and none twice", () => {
    const host = drive((input) => (input.type === "timer" ? [] : [emit(1), transmit(2)]));
    host.onEmit = () => {
      throw new Error("bug in a face");
    };
    expect(() => host.driver.step(datagram(0))).toThrow("bug in a face");
    host.driver.step(timer);
    expect(host.done).toEqual(["emit 1", "transmit 2"]);
  });
});

describe("many inputs in one turn of the event loop", () => {
  it("of which the first is answered at once, and all others together when the turn is over", () => {
    const turns: (() => void)[] = [];
    const host = drive((input) => [persist(9), transmit(numberIn(input)), emit(numberIn(input))], inTurns(turns));
    for (const n of [1, 2, 3]) host.driver.step(datagram(n));
    expect(host.done).toEqual(["append 9", "transmit 1", "emit 1", "append 9", "emit 2", "append 9", "emit 3"]);
    expect(turns.length, "the end of a turn is asked for once").toBe(1);
    host.done.length = 0;
    turns[0]?.();
    expect(host.done).toEqual(["transmit 2", "transmit 3"]);
    host.driver.step(datagram(4));
    expect(host.done.slice(2), "the next turn").toEqual(["append 9", "transmit 4", "emit 4"]);
    expect(turns.length).toBe(2);
  });

  it("do not put off what is sent for longer than 16 of them take", () => {
    const host = drive((input) => [transmit(numberIn(input))], inTurns([]));
    for (let n = 1; n <= 17; n += 1) host.driver.step(datagram(n));
    expect(host.done).toEqual(["transmit 1"]);
    host.driver.step(datagram(18));
    expect(host.done.length).toBe(18);
  });

  it("leave nothing behind when whoever waits until nothing waits closes the node", async () => {
    const host = drive((input) => [transmit(numberIn(input))], inTurns([]));
    for (const n of [1, 2]) host.driver.step(datagram(n));
    await host.driver.idle();
    expect(host.done).toEqual(["transmit 1", "transmit 2"]);
  });

  it("and a turn that ends after a stop sends nothing", () => {
    const turns: (() => void)[] = [];
    const host = drive((input) => [transmit(numberIn(input))], inTurns(turns));
    for (const n of [1, 2]) host.driver.step(datagram(n));
    host.driver.stop();
    turns[0]?.();
    expect(host.done).toEqual(["transmit 1"]);
  });

  it("set the alarm anew when what is sent at the end changes the deadline", () => {
    const turns: (() => void)[] = [];
    const host = drive(() => [transmit(1)], inTurns(turns));
    for (const n of [1, 2]) host.driver.step(datagram(n));
    host.core.deadline = 70;
    turns[0]?.();
    expect(host.alarms).toEqual([70]);
  });
});

describe("a journal that writes in the background", () => {
  it("is waited for before what comes after the write, and not by what came before", async () => {
    const host = drive(() => [transmit(1), persist(2), transmit(3), emit(4)], slowJournal());
    host.driver.step(datagram(0));
    expect(host.done).toEqual(["transmit 1", "append 2"]);
    await host.finishWrite();
    expect(host.done).toEqual(["transmit 1", "append 2", "transmit 3", "emit 4"]);
  });

  it("gets later entries at once, while their effects wait their turn", async () => {
    let n = 0;
    const host = drive(() => {
      n += 10;
      return [persist(n), transmit(n)];
    }, slowJournal());
    for (let i = 0; i < 3; i += 1) host.driver.step(datagram(i));
    expect(host.done).toEqual(["append 10", "append 20", "append 30"]);
    await host.finishWrite(1);
    expect(host.done.length, "the second write is done, the first is not").toBe(3);
    await host.finishWrite(0);
    expect(host.done.slice(3)).toEqual(["transmit 10", "transmit 20"]);
    await host.finishWrite(0);
    expect(host.done.slice(5)).toEqual(["transmit 30"]);
  });

  it("holds back even steps that write nothing: nothing overtakes", async () => {
    const host = drive((input) => (input.type === "timer" ? [transmit(2)] : [persist(1)]), slowJournal());
    host.driver.step(datagram(0));
    host.driver.step(timer);
    expect(host.done).toEqual(["append 1"]);
    await host.finishWrite();
    expect(host.done).toEqual(["append 1", "transmit 2"]);
  });

  it("that fails is reported before the effects behind the entry, which are performed all the same", async () => {
    const host = drive(() => [persist(1), emit(2)], slowJournal());
    host.driver.step(datagram(0));
    await host.failWrite("ENOSPC");
    expect(host.done).toEqual(["append 1", "failed ENOSPC", "emit 2"]);
  });

  it("that throws at once is a failed write too", () => {
    const broken: Journal = {
      ...memoryJournal(),
      append: () => {
        throw new Error("EIO");
      },
    };
    const host = drive(() => [persist(1), emit(2)], { journal: broken });
    host.driver.step(datagram(0));
    expect(host.done).toEqual(["failed EIO", "emit 2"]);
  });

  it("lets idle() settle when it has caught up", async () => {
    const host = drive(() => [persist(1), emit(2)], slowJournal());
    await host.driver.idle();
    host.driver.step(datagram(0));
    let idle = false;
    const settled = host.driver.idle().then(() => {
      idle = true;
    });
    await Promise.resolve();
    expect(idle).toBe(false);
    await host.finishWrite();
    await settled;
    expect(host.done).toEqual(["append 1", "emit 2"]);
  });

  it("that stands still fills a bounded backlog: datagrams drop, commands are refused, timers come again", async () => {
    const host = drive((input) => (input.type === "datagram" ? [persist(1)] : [transmit(3)]), slowJournal());
    host.core.deadline = 50;
    for (let i = 0; i < BACKLOG_MAX + 5; i += 1) host.driver.step(datagram(i));
    host.driver.step({ ...datagram(1), type: "beacon" } as Input);
    expect(host.core.inputs.length).toBe(BACKLOG_MAX);
    expect(host.driver.backlogDrops()).toBe(6);
    expect(() => host.driver.step(leave)).toThrow(RangeError);
    const alarms = host.alarms.length;
    host.driver.step(timer);
    expect(host.core.inputs.length, "no input was handled").toBe(BACKLOG_MAX);
    expect(host.alarms.length, "an alarm that is due must not ring over and over").toBe(alarms);
    await host.finishWrite();
    expect(host.alarms.slice(alarms)).toEqual([50]);
    host.driver.step(timer);
    expect(host.core.inputs.at(-1)?.input).toEqual(timer);
  });
});

describe("the alarm", () => {
  it("is set from the start, and again only when the deadline changes", () => {
    const host = drive(() => []);
    host.core.deadline = 100;
    host.driver.step(datagram(1));
    host.driver.step(datagram(2));
    host.core.deadline = 70;
    host.driver.step(datagram(3));
    host.core.deadline = undefined;
    host.driver.step(datagram(4));
    expect(host.alarms).toEqual([100, 70, undefined]);
    const core = fakeCore();
    core.deadline = 5;
    expect(drive(core).alarms).toEqual([5]);
  });

  it("is set again after it rang, though the deadline is the same: it may have rung early", () => {
    const host = drive(() => []);
    host.core.deadline = 100;
    host.driver.step(datagram(1));
    host.now.mono = 99.6;
    host.driver.step(timer);
    expect(host.alarms).toEqual([100, 100]);
  });

  it("is set once after a whole chain of inputs", () => {
    const host = drive((input) => {
      host.core.deadline = (host.core.deadline ?? 0) + 10;
      return input.type === "datagram" ? [emit(1)] : [];
    });
    host.onEmit = () => {
      for (let i = 0; i < 5; i += 1) host.driver.step(leave);
    };
    host.driver.step(datagram(0));
    expect(host.alarms).toEqual([60]);
  });
});

describe("a host that slept", () => {
  it("is told to the core before the input that woke it, once", () => {
    const host = drive((input) => (input.type === "command" ? [transmit(1)] : [transmit(2)]));
    host.now.wall += 60_000;
    host.driver.step(datagram(7));
    host.driver.step(datagram(8));
    const resumed = { type: "command", command: { type: "resumed", goneMs: 60_000 } };
    expect(host.core.inputs.map(({ input }) => input)).toEqual([resumed, datagram(7), datagram(8)]);
    expect(host.done).toEqual(["transmit 1", "transmit 2", "transmit 2"]);
  });

  it("or was stopped is noticed by the late alarm", () => {
    const core = fakeCore();
    core.deadline = 1_000;
    const host = drive(core);
    host.now.mono = 31_000;
    host.now.wall += 31_000;
    host.driver.step(timer);
    const resumed = { type: "command", command: { type: "resumed", goneMs: 30_000 } };
    expect(host.core.inputs.map(({ input }) => input)).toEqual([resumed, timer]);
  });
});

it("stops dead: what waits is dropped, later inputs are ignored, the alarm is off", async () => {
  const host = drive(() => [persist(1), emit(2)], slowJournal());
  host.core.deadline = 10;
  host.driver.step(datagram(0));
  const idle = host.driver.idle();
  host.driver.stop();
  host.driver.step(datagram(1));
  await idle;
  await host.finishWrite();
  expect(host.done).toEqual(["append 1"]);
  expect(host.core.inputs.length).toBe(1);
  expect(host.alarms).toEqual([10, undefined]);
});

type SlowJournal = { journal: Journal; writes?: { done: () => void; fail: (error: Error) => void }[] };
type Turns = Pick<DriverOptions, "atEndOfTurn">;

function drive(
  core: ReturnType<typeof fakeCore> | ((input: Input) => Effect[]),
  around: Partial<SlowJournal> & Turns = {},
) {
  const { journal = memoryJournal(), writes = [], ...turns } = around;
  const done: string[] = [];
  const alarms: (number | undefined)[] = [];
  const now = { mono: 0, wall: 1_700_000_000_000 };
  const theCore = typeof core === "function" ? fakeCore(core) : core;
  const settle = async (index: number, error?: Error): Promise<void> => {
    const [write] = writes.splice(index, 1);
    if (error === undefined) write?.done();
    else write?.fail(error);
    // The promise of the write and what the driver hung on it are microtasks: all run before the next macrotask.
    await new Promise((resolve) => setImmediate(resolve));
  };
  const host = {
    core: theCore,
    done,
    alarms,
    now,
    onEmit: (_n: number): void => {},
    finishWrite: (index = 0) => settle(index),
    failWrite: (message: string) => settle(0, new Error(message)),
    driver: undefined as unknown as Driver,
  };
  host.driver = createDriver({
    ...turns,
    core: theCore,
    journal: { ...journal, append: (entry) => appendAndNote(journal, entry, done) },
    transmit: (bytes) => done.push(`transmit ${bytes[0]}`),
    broadcast: (bytes) => done.push(`broadcast ${bytes[0]}`),
    emit: (event) => {
      done.push(`emit ${numberOf(event)}`);
      host.onEmit(numberOf(event));
    },
    clock: (): Now => ({ ...now }),
    setAlarm: (at) => alarms.push(at),
    journalFailed: (error) => done.push(`failed ${(error as Error).message}`),
  });
  return host;
}

function inTurns(turns: (() => void)[]): Turns {
  return { atEndOfTurn: (end) => turns.push(end) };
}

function numberIn(input: Input): number {
  return input.type === "datagram" ? (input.bytes[0] ?? -1) : -1;
}

function slowJournal(): SlowJournal {
  const writes: NonNullable<SlowJournal["writes"]> = [];
  const append = (): Promise<void> => new Promise((done, fail) => writes.push({ done, fail }));
  return { journal: { ...memoryJournal(), append }, writes };
}

function appendAndNote(journal: Journal, entry: JournalEntry, done: string[]): undefined | Promise<void> {
  const written = journal.append(entry);
  if (entry.type === "message") done.push(`append ${Number(entry.id)}`);
  return written;
}

function numberOf(event: ChatEvent): number {
  return event.type === "notice" && event.notice.code === "clock-skew" ? event.notice.aheadMs : -1;
}
