/** Round-trip times: RFC 6298's numbers, and the time after which a datagram counts as lost. */
import { describe, expect, it } from "vitest";
import { limits } from "../../../src/protocol/limits.ts";
import { createRtt, measure, retransmitAfterMs } from "../../../src/protocol/link/rtt.ts";

describe("the round-trip time", () => {
  it("is assumed before the first measurement", () => {
    expect(retransmitAfterMs(createRtt())).toBe(2 * limits.initialRttMs + limits.rtoSlackMs);
  });

  it("starts with the first sample, then follows by an eighth, its variation by a quarter", () => {
    const rtt = createRtt();
    measure(rtt, 40);
    expect(rtt).toEqual({ smoothedMs: 40, variationMs: 20 });
    measure(rtt, 80);
    expect(rtt).toEqual({ smoothedMs: 45, variationMs: 25 });
  });

  it.each([
    [20, 70],
    [30, 90],
    [50, 110],
    [200, 260],
  ])("on a steady path of %d ms gives %d: 2 RTT + 30 ms near, RTT + 60 ms far", (rttMs, waitMs) => {
    const rtt = createRtt();
    for (let index = 0; index < 200; index += 1) measure(rtt, rttMs);
    expect(retransmitAfterMs(rtt)).toBeCloseTo(waitMs, 3);
  });

  it("waits longer on a path that varies", () => {
    const rtt = createRtt();
    for (let index = 0; index < 200; index += 1) measure(rtt, index % 2 === 0 ? 10 : 200);
    const smoothed = rtt.smoothedMs as number;
    expect(retransmitAfterMs(rtt)).toBe(smoothed + 4 * rtt.variationMs);
    expect(retransmitAfterMs(rtt)).toBeGreaterThan(smoothed + 60);
  });

  it("is not that of a peer that stood still, and answers what came meanwhile", () => {
    const rtt = createRtt();
    for (const sample of [20, 20, 20, 40_000, 12_000, 2_001]) measure(rtt, sample);
    expect(rtt.smoothedMs).toBe(20);
  });

  it("is never negative, when a peer claims to have waited longer than it took, and never waits beyond the bound", () => {
    const rtt = createRtt();
    measure(rtt, -50);
    expect(rtt.smoothedMs).toBe(0);
    expect(retransmitAfterMs(rtt)).toBe(limits.rtoSlackMs);
    for (let index = 0; index < 20; index += 1) measure(rtt, limits.rtoMsMax);
    expect(retransmitAfterMs(rtt)).toBe(limits.rtoMsMax);
  });
});
