/** The smoothed round-trip time of one peer (RFC 6298 §2), and the time after which a datagram counts as lost. */
import { limits } from "../limits.ts";
import type { Millis } from "../time.ts";

export type Rtt = {
  smoothedMs: Millis | undefined;
  variationMs: Millis;
  /** That of all peers together: what one that was never measured is taken to be like. */
  readonly typical: Rtt | undefined;
};

export function createRtt(typical?: Rtt): Rtt {
  return { smoothedMs: undefined, variationMs: 0, typical };
}

/**
 * `sampleMs` is the time from sending to acknowledgement, less the delay the peer reports. One that is longer than any timer
 * waits is not the path's: somebody stood still in between, and it would pass for lag long afterwards.
 */
export function measure(rtt: Rtt, sampleMs: Millis): void {
  if (sampleMs > limits.rtoMsMax) return;
  const sample = Math.max(sampleMs, 0);
  if (rtt.typical !== undefined) measure(rtt.typical, sample);
  if (rtt.smoothedMs === undefined) {
    rtt.smoothedMs = sample;
    rtt.variationMs = sample / 2;
    return;
  }
  rtt.variationMs = 0.75 * rtt.variationMs + 0.25 * Math.abs(rtt.smoothedMs - sample);
  rtt.smoothedMs = 0.875 * rtt.smoothedMs + 0.125 * sample;
}

/** 2·RTT + 30 ms near, RTT + 60 ms far, and never less than what the measured variation asks for. */
export function retransmitAfterMs(rtt: Rtt): Millis {
  if (rtt.smoothedMs === undefined) {
    return rtt.typical === undefined ? 2 * limits.initialRttMs + limits.rtoSlackMs : retransmitAfterMs(rtt.typical);
  }
  const usual = Math.min(2 * rtt.smoothedMs + limits.rtoSlackMs, rtt.smoothedMs + 2 * limits.rtoSlackMs);
  return Math.min(Math.max(usual, rtt.smoothedMs + 4 * rtt.variationMs), limits.rtoMsMax);
}
