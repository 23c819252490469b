// Order of effects, the one alarm, stores that take their time, hosts that sleep.

import { describe, expect, it } from "vitest";
import { createDriver, type Driver, type DriverOptions } from "../../src/node/driver.ts";
import type { Effect, Input, Outcome, StoreTrouble } from "../../src/protocol/api.ts";
import type { RememberedAddress } from "../../src/protocol/entry/rememberedAddresses.ts";
import type { ChatEvent } from "../../src/protocol/events.ts";
import type { Now } from "../../src/protocol/time.ts";
import { startOf } from "../../src/sim/world/linkKeys.ts";
import { memoryStore } from "../../src/store/memory.ts";
import type { Done, Store } from "../../src/store/store.ts";
import type { BootId, MessageId, PeerId } from "../../src/wire/ids.ts";
import { FULL } from "../suites/faultyStore.ts";
import { append, datagram, ENDPOINT, emit, fakeCore, idOf, transmit, trim } from "./fakeCore.ts";

const timer: Input = { type: "timer" };
const leave: Input = { type: "command", command: { type: "leave" } };

describe("effects", () => {
  it("are performed in the order of the core, store and all", () => {
    const broadcast: Effect = { type: "broadcast", bytes: Uint8Array.of(6) };
    const host = drive(() => [transmit(1), append(2), emit(3), broadcast, transmit(4), emit(5)]);
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

  it("of inputs that were left when the core threw are performed with the next input, and none twice", () => {
    const host = drive((input) => {
      if (input.type === "timer") throw new Error("bug in the core");
      return [input.type === "datagram" ? emit(1) : transmit(2)];
    });
    host.onEmit = () => {
      for (const left of [timer, leave]) host.driver.step(left);
    };
    expect(() => host.driver.step(datagram(0))).toThrow("bug in the core");
    host.driver.step(leave);
    expect(host.done).toEqual(["emit 1", "transmit 2", "transmit 2"]);
  });
});

describe("many inputs in one turn of the event loop", () => {
  it("of which the first is answered at once, and all others together when the turn is over", () => {
    const turns: (() => void)[] = [];
    const host = drive((input) => [append(9), transmit(numberIn(input)), emit(numberIn(input))], inTurns(turns));
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

describe("a store that takes its time", () => {
  it("keeps nobody waiting: what comes after a write is sent and told at once", () => {
    const host = drive(() => [transmit(1), append(2, 7), transmit(3), emit(4)], slowStore());
    host.driver.step(datagram(0));
    expect(host.done).toEqual(["transmit 1", "append 2", "transmit 3", "emit 4"]);
    expect(host.core.inputs.map(({ input }) => input)).toEqual([datagram(0)]);
  });

  it("tells the core what came of each write by its ticket, in the order in which it answers", () => {
    const host = drive(
      (input) => (input.type === "datagram" ? [append(numberIn(input), numberIn(input))] : []),
      slowStore(),
    );
    for (const n of [1, 2, 3]) host.driver.step(datagram(n));
    host.answer(1);
    host.answer(0, FULL);
    expect(host.answers()).toEqual([
      { type: "written", ticket: 2, trouble: undefined },
      { type: "written", ticket: 1, trouble: FULL },
    ]);
  });

  it("brings what was read, and nothing in the place of what is not kept", () => {
    const kept = memoryStore();
    kept.append([{ id: idOf(1), bytes: Uint8Array.of(1) }], false, () => {});
    const both: Effect = { type: "read", ticket: 9, ids: [idOf(2), idOf(1)] };
    const host = drive((input) => (input.type === "datagram" ? [both, transmit(3)] : [transmit(4)]), { store: kept });
    host.driver.step(datagram(0));
    expect(host.answers()).toEqual([{ type: "read", ticket: 9, bodies: [undefined, Uint8Array.of(1)] }]);
    expect(host.done, "the answer is an input of its own").toEqual(["read 2", "transmit 3", "transmit 4"]);
  });

  it("tells nothing of a write without a ticket", () => {
    const host = drive(() => [append(1)]);
    host.driver.step(datagram(0));
    expect(host.core.inputs).toHaveLength(1);
  });

  it("that answers in the middle of the effects is heard after all of them", () => {
    const host = drive((input) => (input.type === "datagram" ? [append(1, 5), transmit(2), emit(3)] : [emit(4)]));
    host.driver.step(datagram(0));
    expect(host.done).toEqual(["append 1", "transmit 2", "emit 3", "emit 4"]);
  });

  it("lets go what the core trims, in its place among the writes", () => {
    const host = drive(() => [append(1), trim(1), append(2)]);
    host.driver.step(datagram(0));
    expect(host.done).toEqual(["append 1", "trim 1", "append 2"]);
  });

  it("lets idle() settle when it has answered all it was asked to write", async () => {
    const host = drive((input) => (input.type === "datagram" ? [append(1, 1), append(2), emit(3)] : []), slowStore());
    await host.driver.idle();
    host.driver.step(datagram(0));
    await expectIdleAfterTwo(host);
    expect(host.done).toEqual(["append 1", "append 2", "emit 3"]);
  });

  it("is asked to write again by what the core does when it hears of trouble, and idle() waits for that as well", async () => {
    const again = (input: Input): Effect[] => (input.type === "written" && input.trouble ? [append(1, 2)] : []);
    const host = drive((input) => (input.type === "datagram" ? [append(1, 1)] : again(input)), slowStore());
    host.driver.step(datagram(0));
    await expectIdleAfterTwo(host);
    expect(host.done).toEqual(["append 1", "append 1"]);
  });
});

describe("commands and addresses", () => {
  it("are answered by the number they were asked with, and not at all without one", () => {
    const outcome: Outcome = { isDone: true, id: undefined };
    const host = drive((input) => (input.type === "command" ? [{ type: "answer", ref: input.ref, outcome }] : []));
    host.driver.step({ ...leave, ref: 4 } as Input);
    host.driver.step(leave);
    expect(host.done).toEqual(["answer 4"]);
  });

  it("hand on where a peer was reached", () => {
    const address = { endpoint: ENDPOINT, peer: "a".repeat(64) as PeerId, at: 5 };
    const host = drive(() => [{ type: "remember", ...address }]);
    host.driver.step(datagram(0));
    expect(host.remembered).toMatchObject([address]);
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

  it("for long enough that a copy may go on as well becomes another process start, made anew each time", () => {
    let starts = 0;
    const host = drive(() => [], { newStart: () => startOf(`${++starts}`.padStart(16, "0") as BootId) });
    const sleep = (ms: number): unknown => {
      host.now.wall += ms;
      host.driver.step(datagram(7));
      return host.core.inputs.at(-2)?.input;
    };
    const resumed = (goneMs: number, boot?: string): unknown => {
      const start = boot === undefined ? {} : { start: startOf(boot.padStart(16, "0") as BootId) };
      return { type: "command", command: { type: "resumed", goneMs, ...start } };
    };
    expect([29_999, 30_000, 60_000].map(sleep)).toEqual([resumed(29_999), resumed(30_000, "1"), resumed(60_000, "2")]);
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

it("stops dead: what the store still answers and later inputs are ignored, the alarm is off", async () => {
  const host = drive(() => [append(1, 1), emit(2)], slowStore());
  host.core.deadline = 10;
  host.driver.step(datagram(0));
  const idle = host.driver.idle();
  host.driver.stop();
  host.driver.step(datagram(1));
  await idle;
  host.answer(0);
  expect(host.done).toEqual(["append 1", "emit 2"]);
  expect(host.core.inputs.length).toBe(1);
  expect(host.alarms).toEqual([10, undefined]);
});

it("that is stopped by a listener performs no later input", () => {
  const host = drive(() => [append(1, 1), emit(2), transmit(3)]);
  host.onEmit = () => host.driver.stop();
  host.driver.step(datagram(0));
  expect(host.core.inputs.length).toBe(1);
  expect(host.alarms).toEqual([undefined]);
});

/** `writes`: what the store was asked to write and has not answered. */
type Around = { readonly store?: Store; readonly writes?: Done[] };
type Turns = Pick<DriverOptions, "atEndOfTurn" | "newStart">;

function drive(core: ReturnType<typeof fakeCore> | ((input: Input) => Effect[]), around: Around & Turns = {}) {
  const { store = memoryStore(), writes = [], ...turns } = around;
  const done: string[] = [];
  const alarms: (number | undefined)[] = [];
  const remembered: RememberedAddress[] = [];
  const now = { mono: 0, wall: 1_700_000_000_000 };
  const theCore = typeof core === "function" ? fakeCore(core) : core;
  const host = {
    core: theCore,
    done,
    alarms,
    remembered,
    now,
    onEmit: (_n: number): void => {},
    /** The store answers one of the writes that wait. */
    answer: (index: number, trouble?: StoreTrouble): void => writes.splice(index, 1)[0]?.(trouble),
    /** What the core heard from the store. */
    answers: () => theCore.inputs.map(({ input }) => input).filter(({ type }) => type === "written" || type === "read"),
    driver: undefined as unknown as Driver,
  };
  host.driver = createDriver({
    ...turns,
    core: theCore,
    store: noting(store, done),
    remember: (address) => remembered.push(address),
    transmit: (bytes) => done.push(`transmit ${bytes[0]}`),
    broadcast: (bytes) => done.push(`broadcast ${bytes[0]}`),
    emit: (event) => {
      done.push(`emit ${numberOf(event)}`);
      host.onEmit(numberOf(event));
    },
    answer: (ref) => done.push(`answer ${ref}`),
    clock: (): Now => ({ ...now }),
    setAlarm: (at) => alarms.push(at),
  });
  return host;
}

/** The store refuses what it was asked to write first, and keeps what it was asked to write then: only after that it is idle. */
async function expectIdleAfterTwo(host: ReturnType<typeof drive>): Promise<void> {
  let isIdle = false;
  const settled = host.driver.idle().then(() => {
    isIdle = true;
  });
  host.answer(0, FULL);
  await Promise.resolve();
  expect(isIdle).toBe(false);
  host.answer(0);
  await settled;
}

function inTurns(turns: (() => void)[]): Turns {
  return { atEndOfTurn: (end) => turns.push(end) };
}

function numberIn(input: Input): number {
  return input.type === "datagram" ? (input.bytes[0] ?? -1) : -1;
}

function slowStore(): Around {
  const writes: Done[] = [];
  return { store: { ...memoryStore(), append: (_, __, answered) => writes.push(answered) }, writes };
}

/** Notes what it is asked, before it does it. */
function noting(store: Store, done: string[]): Store {
  const note = (what: string, id: MessageId | undefined): number => done.push(`${what} ${Number(id)}`);
  return {
    ...store,
    append: (messages, isOwn, answered) => {
      note("append", messages[0]?.id);
      store.append(messages, isOwn, answered);
    },
    read: (ids, answered) => {
      note("read", ids[0]);
      store.read(ids, answered);
    },
    trim: (ids) => {
      note("trim", ids[0]);
      store.trim(ids);
    },
  };
}

function numberOf(event: ChatEvent): number {
  return event.type === "notice" && event.notice.code === "clock-skew" ? event.notice.aheadMs : -1;
}
