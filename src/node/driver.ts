/**
 * Runs a core: one input at a time, its effects in order, one alarm. The real node and the simulator share it. It has no
 * timers and knows no operating system; the host brings both.
 *
 * A store answers later, with what was written or read. Those answers come back as inputs, so nothing here waits for a
 * disk.
 */
import type { ProcessStart } from "../crypto/linkKeys.ts";
import type { Core, Effect, Input, Outcome } from "../protocol/api.ts";
import type { RememberedAddress } from "../protocol/entry/rememberedAddresses.ts";
import type { ChatEvent } from "../protocol/events.ts";
import type { Millis, Now } from "../protocol/time.ts";
import type { Store } from "../store/store.ts";
import type { Endpoint } from "../wire/endpoint.ts";
import { suspensionDetector } from "./suspension.ts";

/** What the host brings. None of these may throw. */
export type DriverOptions = {
  readonly core: Core;
  readonly store: Store;
  readonly remember: (address: RememberedAddress) => void;
  readonly transmit: (bytes: Uint8Array, to: Endpoint, hops: number | undefined) => void;
  /** To everyone on each LAN of this host. */
  readonly broadcast: (bytes: Uint8Array) => void;
  /** May call `step`: that input is handled after all effects of the present one. */
  readonly emit: (event: ChatEvent) => void;
  /** What the command with this `ref` came to. */
  readonly answer?: (ref: number, outcome: Outcome) => void;
  readonly clock: () => Now;
  /** Of the host, its sleep included; left out: not known, and a wall clock that is set forward counts as sleep. */
  readonly uptime?: () => Millis | undefined;
  /** Made when this process may be a copy of another; left out: it goes on as it is. */
  readonly newStart?: () => ProcessStart;
  /** Replaces the one alarm: at that monotonic time (at once if it has passed) call `step({ type: "timer" })`, once. */
  readonly setAlarm: (at: Millis | undefined) => void;
  /**
   * Where one turn of the event loop may bring many inputs: `end` is to be called once, when this turn is over. The first
   * input of a turn is answered at once; what the others send waits for the end, or for HELD_MAX of them, and goes out in
   * fewer datagrams. Left out: each input is answered at once.
   */
  readonly atEndOfTurn?: (end: () => void) => void;
  /** After each step and all its effects. */
  readonly stepped?: () => void;
};

export type Driver = {
  /** Hands one input to the core. */
  readonly step: (input: Input) => void;
  /** Sends what was held back; settles when the store has answered all it was asked to write. */
  readonly idle: () => Promise<void>;
  /** Ignores every later input, the store's answers included, as a crash would. */
  readonly stop: () => void;
};

/** Inputs whose datagrams wait for the end of the turn: some milliseconds of work. */
const HELD_MAX = 16;

/** Arms the alarm before it returns. */
export function createDriver(options: DriverOptions): Driver {
  const { core, store, clock } = options;
  const detector = suspensionDetector(clock(), options.uptime);
  /** BOUNDED: by what the effects of one input bring about in turn. */
  const inputs: Input[] = [];
  const idleWaiters: (() => void)[] = [];
  let armedAt: Millis | undefined;
  let isTurnOpen = false;
  /** Inputs handled since anything was last sent. */
  let held = 0;
  let draining = false;
  let stopped = false;
  /** Appends that the store has not answered. */
  let writing = 0;

  const step = (input: Input): void => {
    if (stopped) return;
    inputs.push(input);
    if (!draining) drain();
  };

  /** Never re-entered: what a listener or the store puts in while it runs is taken up by the loop. */
  const drain = (): void => {
    draining = true;
    try {
      for (let input = inputs.shift(); input !== undefined && !stopped; input = inputs.shift()) handle(input);
    } finally {
      draining = false;
    }
    settle();
  };

  const settle = (): void => {
    if (stopped) return;
    rearm();
    tellIdle();
    options.stepped?.();
  };
  const tellIdle = (): void => {
    if (writing === 0) for (const done of idleWaiters.splice(0)) done();
  };

  const handle = (input: Input): void => {
    const now = clock();
    const goneMs = detector.observe(now, armedAt);
    if (input.type === "timer") armedAt = undefined;
    const start = detector.mayBeCopy() ? options.newStart?.() : undefined;
    if (goneMs > 0 || start !== undefined) {
      const command = { type: "resumed", goneMs, ...(start === undefined ? {} : { start }) } as const;
      perform(core.handle({ type: "command", command }, now));
    }
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
    for (const effect of effects) {
      switch (effect.type) {
        case "mark":
          store.mark(effect.marks);
          break;
        case "append":
          append(effect);
          break;
        case "erase": {
          const ids = effect.erasures.map(({ id }) => id);
          store.erase(effect.erasures, (trouble) => step({ type: "erased", ids, trouble }));
          break;
        }
        case "trim":
          store.trim(effect.ids);
          break;
        case "remember":
          options.remember(effect);
          break;
        case "read": {
          const { ticket, ids } = effect;
          store.read(ids, (bodies, trouble) => step({ type: "read", ticket, bodies, trouble }));
          break;
        }
        case "transmit":
          options.transmit(effect.bytes, effect.to, effect.hops);
          break;
        case "broadcast":
          options.broadcast(effect.bytes);
          break;
        case "emit":
          options.emit(effect.event);
          break;
        case "answer":
          if (effect.ref !== undefined) options.answer?.(effect.ref, effect.outcome);
      }
    }
  };

  const append = ({ ticket, messages, isOwn }: Effect & { readonly type: "append" }): void => {
    writing += 1;
    store.append(messages, isOwn, (trouble) => {
      writing -= 1;
      if (ticket !== undefined) step({ type: "written", ticket, trouble });
      else if (!draining) tellIdle();
    });
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
    idle: () => {
      flush();
      return writing === 0 ? Promise.resolve() : new Promise((resolve) => idleWaiters.push(resolve));
    },
    stop: () => {
      stopped = true;
      inputs.length = 0;
      options.setAlarm(undefined);
      for (const done of idleWaiters.splice(0)) done();
    },
  };
}
