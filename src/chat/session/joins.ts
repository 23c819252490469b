/** The addresses that a session was asked to join: looks up hosts, and knows which addresses have not answered yet. */
import type { RoomHandle } from "../../node/types.ts";
import type { Endpoint } from "../../wire/endpoint.ts";
import { type Lookup, parseAddress, resolveAddress } from "../command/parseAddress.ts";
import type { Refusal } from "../model/events.ts";

export type Joins = {
  /** Contacts these now; the node keeps trying. */
  readonly join: (endpoints: readonly Endpoint[]) => void;
  /** As `join`, of a checked address whose host may not resolve yet: says so once and asks again until it does. */
  readonly joinAtStart: (address: string) => void;
  readonly resolve: (address: string) => ReturnType<typeof resolveAddress>;
  readonly answered: (endpoint: Endpoint) => void;
  /** Some address was asked for and has not answered yet. */
  readonly isTrying: () => boolean;
  /** Of another room. */
  readonly forget: () => void;
  /** Resolves when what was said has reached a peer, or nobody can be reached, or after `msMax`. */
  readonly settled: (msMax: number) => Promise<void>;
  /** Own messages that are not known to have reached anybody, also of earlier starts. */
  readonly undelivered: () => number;
  readonly stop: () => void;
};

export type JoinsOptions = {
  readonly room: () => RoomHandle;
  readonly refuse: (refusal: Refusal) => void;
  readonly lookup: Lookup | undefined;
};

/** Addresses asked for and not answered yet. */
export const JOINS_MAX = 100;
/** A host that does not resolve is asked for again after these, the last one for ever. */
const LOOKUP_AGAIN_MS = [2_000, 5_000, 15_000, 60_000];
/** A host of whose addresses none has answered for so long is looked up again: it may have moved. */
const UNANSWERED_MS = 30_000;
const SETTLED_POLL_MS = 20;

export function createJoins({ room, refuse, lookup }: JoinsOptions): Joins {
  /** Endpoints that have not answered and hosts that have not resolved. BOUNDED: JOINS_MAX, the oldest goes. */
  const pending = new Set<string>();
  const timers = new Set<ReturnType<typeof setTimeout>>();
  let stopped = false;
  let round = 0;

  const remember = (name: string): void => {
    pending.add(name);
    const [oldest] = pending;
    if (pending.size > JOINS_MAX && oldest !== undefined) pending.delete(oldest);
  };
  const join = (endpoints: readonly Endpoint[]): void => {
    const others = endpoints.filter((endpoint) => endpoint !== room().address());
    if (others.length === 0) return;
    for (const endpoint of others) remember(endpoint);
    void room().run({ type: "join", endpoints: others });
  };
  const resolve = (address: string): ReturnType<typeof resolveAddress> => resolveAddress(address, lookup);

  const joinWhenResolved = async (address: string, attempt: number, of: number): Promise<void> => {
    remember(address);
    const found = await resolve(address);
    if (stopped || of !== round) return;
    const again = (waitMs: number | undefined, isNeeded: () => boolean): void => {
      const timer = setTimeout(() => {
        timers.delete(timer);
        if (isNeeded()) void joinWhenResolved(address, attempt + 1, of);
      }, waitMs);
      timers.add(timer);
    };
    if (!("code" in found)) {
      pending.delete(address);
      // Those that are tried already go on being tried.
      join(found.filter((endpoint) => !pending.has(endpoint)));
      const isLiteral = "endpoint" in parseAddress(address);
      if (!isLiteral) again(UNANSWERED_MS, () => found.every((endpoint) => pending.has(endpoint)));
      return;
    }
    if (attempt === 0) refuse(found);
    if (found.code === "bad-address") pending.delete(address);
    else again(LOOKUP_AGAIN_MS[Math.min(attempt, LOOKUP_AGAIN_MS.length - 1)], () => true);
  };

  const forget = (): void => {
    round += 1;
    pending.clear();
    for (const timer of timers) clearTimeout(timer);
    timers.clear();
  };
  const isSettled = (): boolean => {
    const others = room().peers();
    if (others.some((peer) => peer.status === "alive" || peer.status === "suspect")) {
      return undelivered() === 0;
    }
    return pending.size === 0 && !room().isSeeking();
  };

  const undelivered = (): number => room().undelivered();

  return {
    join,
    undelivered,
    joinAtStart: (address) => void joinWhenResolved(address, 0, round),
    resolve,
    answered: (endpoint) => pending.delete(endpoint),
    isTrying: () => pending.size > 0,
    forget,
    settled: async (msMax) => {
      const start = performance.now();
      while (!stopped && !isSettled() && performance.now() - start < msMax) {
        await new Promise((done) => setTimeout(done, SETTLED_POLL_MS));
      }
    },
    stop: () => {
      stopped = true;
      forget();
    },
  };
}
