/**
 * Knocks: the first contact with an address. A node sends open datagrams of full size, so that three times as much may
 * come back, until somebody of the room answers. From then on digests show what the newcomer lacks.
 */
import type { Endpoint } from "../../wire/endpoint.ts";
import type { Context } from "../context.ts";
import { limits } from "../limits.ts";
import type { Membership } from "../membership/membership.ts";
import { jitter } from "../rng.ts";
import type { Millis } from "../time.ts";

export type Knocks = {
  /** One try, whoever may be there. */
  readonly knock: (endpoint: Endpoint) => void;
  readonly join: (endpoints: readonly Endpoint[]) => void;
  /** Time to try the address again. */
  readonly retry: (endpoint: Endpoint) => void;
  /** A person waits for an answer from there. */
  readonly isAwaited: (endpoint: Endpoint) => boolean;
  readonly isTrying: () => boolean;
  /** Of some address nobody has been told yet that it does not answer. */
  readonly isExpecting: () => boolean;
  /** Someone answered from there. True if a person was waiting for it. */
  readonly answered: (endpoint: Endpoint) => boolean;
  readonly stop: () => void;
};

/** Waits between tries: doubling from the first, up to the last. */
const RETRY_FIRST_MS: Millis = 250;
const RETRY_MAX_MS: Millis = 5_000;
const NO_ANSWER_AFTER_MS: Millis = 5_000;

type Attempt = { readonly since: Millis; wait: Millis; told: boolean };

export function createKnocks(context: Context, membership: Membership): Knocks {
  const { rng, timers, link, emit } = context;
  /** BOUNDED: `limits.contacts`; more are refused. */
  const attempts = new Map<Endpoint, Attempt>();

  const knock = (endpoint: Endpoint): void => {
    link.contact(endpoint, [{ type: "statement", bytes: membership.own().bytes }, { type: "ping" }], context.now.mono);
  };
  const schedule = (endpoint: Endpoint, attempt: Attempt): void => {
    const untilTold = attempt.told ? Number.POSITIVE_INFINITY : attempt.since + NO_ANSWER_AFTER_MS;
    const at = Math.min(context.now.mono + jitter(rng, attempt.wait, 0.1), Math.max(untilTold, context.now.mono));
    timers.set(`knock ${endpoint}`, at, { type: "knock", endpoint });
  };

  return {
    knock,
    join: (endpoints) => {
      for (const endpoint of endpoints) {
        if (attempts.size >= limits.contacts && !attempts.has(endpoint)) {
          context.counters.drop("too-many-contacts");
          continue;
        }
        const attempt = { since: context.now.mono, wait: RETRY_FIRST_MS, told: false };
        attempts.set(endpoint, attempt);
        knock(endpoint);
        schedule(endpoint, attempt);
      }
    },
    retry: (endpoint) => {
      const attempt = attempts.get(endpoint);
      if (attempt === undefined) return;
      const afterMs = context.now.mono - attempt.since;
      // As schedule adds it: `afterMs` can be a rounding error short of the deadline that has just passed.
      if (!attempt.told && context.now.mono >= attempt.since + NO_ANSWER_AFTER_MS) {
        attempt.told = true;
        emit({ type: "notice", notice: { code: "no-answer", endpoint, afterMs } });
      }
      attempt.wait = Math.min(attempt.wait * 2, RETRY_MAX_MS);
      knock(endpoint);
      schedule(endpoint, attempt);
    },
    isAwaited: (endpoint) => attempts.has(endpoint),
    isTrying: () => attempts.size > 0,
    isExpecting: () => {
      for (const { told } of attempts.values()) if (!told) return true;
      return false;
    },
    answered: (endpoint) => {
      timers.clear(`knock ${endpoint}`);
      return attempts.delete(endpoint);
    },
    stop: () => {
      for (const endpoint of attempts.keys()) timers.clear(`knock ${endpoint}`);
      attempts.clear();
    },
  };
}
