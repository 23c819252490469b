/**
 * Turns a core into something that runs: one input at a time, its effects in their order, one alarm. Shared by the real
 * node and the simulator: no timers and no operating system here, the host brings both.
 *
 * A journal that writes in the background holds back what comes after the write, not the node: inputs go on being
 * handled and their entries being appended (so that it can write several at once), while every transmit and emit waits
 * its turn behind the writes before it.
 */
import type { Core, Effect, Input, JournalEntry } from "../protocol/api.ts";
import type { ChatEvent } from "../protocol/events.ts";
import type { Millis, Now } from "../protocol/time.ts";
import type { Journal } from "../store/journal.ts";
import type { Endpoint } from "../wire/endpoint.ts";
import { suspensionDetector } from "./suspension.ts";

/** What the host brings. None of these may throw. */
export type DriverOptions = {
  readonly core: Core;
  readonly journal: Journal;
  readonly transmit: (bytes: Uint8Array, to: Endpoint, hops: number | undefined) => void;
  /** To everyone on each LAN of this host. */
  readonly broadcast: (bytes: Uint8Array) => void;
  /** May call `step`: that input is handled after all effects of the present one. */
  readonly emit: (event: ChatEvent) => void;
  readonly clock: () => Now;
  /** Replaces the one alarm: at that monotonic time (at once if it has passed) call `step({ type: "timer" })`, once. */
  readonly setAlarm: (at: Millis | undefined) => void;
  /**
   * Where one turn of the event loop may bring many inputs: `end` is to be called once, when this turn is over. The first
   * input of a turn is answered at once; what the others send waits for the end, or for HELD_MAX of them, and goes out in
   * fewer datagrams. Left out: each input is answered at once.
   */
  readonly atEndOfTurn?: (end: () => void) => void;
  /** After each step and all its effects that nothing holds back. */
  readonly stepped?: () => void;
  /** An entry was not written and never will be. The node goes on from memory; the user must be told. */
  readonly journalFailed: (error: unknown) => void;
};

export type Driver = {
  /**
   * Hands one input to the core. While the backlog is full nothing is handled: a datagram or beacon is dropped and counted,
   * a timer comes again, a command throws a RangeError.
   */
  readonly step: (input: Input) => void;
  /** Settles when no effect waits for the journal. */
  readonly idle: () => Promise<void>;
  /** Commands throw. */
  readonly isFull: () => boolean;
  /** Datagrams and beacons dropped because the backlog was full. */
  readonly backlogDrops: () => number;
  /** Drops what waits and ignores every later input, as a crash would. */
  readonly stop: () => void;
};

/** BOUNDED: inputs and effects that wait; what waits longer than this many others is of no use to anybody. */
export const BACKLOG_MAX = 10_000;

/** Inputs whose datagrams wait for the end of the turn: some milliseconds of work. */
const HELD_MAX = 16;

/** Arms the alarm before it returns. */
export function createDriver(options: DriverOptions): Driver {
  const { core, journal, clock } = options;
  const detector = suspensionDetector(clock());
  /** From `head` on: what is still to be performed. A barrier, an entry being written, holds back what is behind. */
  const outbox: (Effect | Barrier)[] = [];
  let head = 0;
  const inputs: Input[] = [];
  const idleWaiters: (() => void)[] = [];
  let armedAt: Millis | undefined;
  let isTurnOpen = false;
  /** Inputs handled since anything was last sent. */
  let held = 0;
  let draining = false;
  let stopped = false;
  let drops = 0;

  const step = (input: Input): void => {
    if (stopped) return;
    if (isFull()) {
      refuse(input);
      return;
    }
    inputs.push(input);
    if (!draining) drain();
  };

  const isFull = (): boolean => outbox.length - head + inputs.length >= BACKLOG_MAX;

  /** The alarm is not set again here: that happens when the journal has caught up. */
  const refuse = (input: Input): void => {
    if (input.type === "command") throw new RangeError("backlog full");
    if (input.type === "timer") armedAt = undefined;
    else drops += 1;
  };

  /** Never re-entered: what a listener puts in while it runs is taken up by the loop. */
  const drain = (): void => {
    draining = true;
    try {
      for (;;) {
        performUnblocked();
        const input = inputs.shift();
        if (input === undefined) break;
        handle(input);
      }
    } finally {
      draining = false;
    }
    settle();
  };

  const settle = (): void => {
    if (stopped) return;
    rearm();
    if (outbox.length === 0) for (const done of idleWaiters.splice(0)) done();
    options.stepped?.();
  };

  const handle = (input: Input): void => {
    const now = clock();
    const goneMs = detector.observe(now, armedAt);
    if (input.type === "timer") armedAt = undefined;
    if (goneMs > 0) perform(core.handle({ type: "command", command: { type: "resumed", goneMs } }, now));
    const holdBack = isTurnOpen && held < HELD_MAX;
    held = holdBack ? held + 1 : 0;
    if (!isTurnOpen && options.atEndOfTurn !== undefined) {
      isTurnOpen = true;
      options.atEndOfTurn(endTurn);
    }
    perform(core.handle(input, now, holdBack));
  };

  const endTurn = (): void => {
    isTurnOpen = false;
    flush();
  };

  const flush = (): void => {
    if (stopped || held === 0) return;
    held = 0;
    perform(core.flush(clock()));
    settle();
  };

  const perform = (effects: readonly Effect[]): void => {
    const blocked = outbox.length > 0;
    for (const effect of effects) {
      if (!blocked || effect.type !== "persist") outbox.push(effect);
      else {
        const barrier = append(effect.entry);
        if (barrier !== undefined) outbox.push(barrier);
      }
    }
    performUnblocked();
  };

  /** Leaves the outbox empty, or with a standing barrier in front. */
  const performUnblocked = (): void => {
    while (head < outbox.length) {
      const next = outbox[head];
      if (next === undefined || (next.type === "barrier" && !next.down)) break;
      head += 1;
      if (next.type === "transmit") options.transmit(next.bytes, next.to, next.hops);
      else if (next.type === "broadcast") options.broadcast(next.bytes);
      else if (next.type === "emit") options.emit(next.event);
      else if (next.type === "persist") {
        const barrier = append(next.entry);
        if (barrier === undefined) continue;
        head -= 1;
        outbox[head] = barrier;
      }
    }
    outbox.splice(0, head);
    head = 0;
  };

  const append = (entry: JournalEntry): Barrier | undefined => {
    let written: undefined | Promise<void>;
    try {
      written = journal.append(entry);
    } catch (error) {
      options.journalFailed(error);
    }
    if (written === undefined) return undefined;
    const barrier: Barrier = { type: "barrier", down: false };
    const lower = (): void => {
      barrier.down = true;
      if (!stopped) drain();
    };
    written.then(lower, (error) => {
      if (!stopped) options.journalFailed(error);
      lower();
    });
    return barrier;
  };

  const rearm = (): void => {
    const at = core.nextDeadline();
    if (at === armedAt) return;
    armedAt = at;
    options.setAlarm(at);
  };

  rearm();
  return {
    step,
    isFull,
    backlogDrops: () => drops,
    idle: () => {
      flush();
      return outbox.length === 0 ? Promise.resolve() : new Promise((resolve) => idleWaiters.push(resolve));
    },
    stop: () => {
      stopped = true;
      outbox.length = 0;
      head = 0;
      inputs.length = 0;
      options.setAlarm(undefined);
      for (const done of idleWaiters.splice(0)) done();
    },
  };
}

// --- internal ---

type Barrier = { readonly type: "barrier"; down: boolean };
