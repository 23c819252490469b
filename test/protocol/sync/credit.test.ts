/** Credit: how fast it grows, what takes it away, and what does not. */
import { describe, expect, it } from "vitest";
import { CREDIT_LEAST, type Credit, createCredit } from "../../../src/protocol/sync/credit.ts";

const all = (credit: Credit): void => credit.settle({ came: credit.size(), lost: 0, queuedMs: 5 });

describe("credit", () => {
  it("doubles until the first loss, and then grows by 8", () => {
    const credit = createCredit(8, 64);
    const sizes = [credit.size()];
    for (let grant = 0; grant < 2; grant += 1) {
      all(credit);
      sizes.push(credit.size());
    }
    credit.settle({ came: 30, lost: 2, queuedMs: 5 });
    sizes.push(credit.size());
    all(credit);
    sizes.push(credit.size());
    expect(sizes).toEqual([8, 16, 32, 39, 47]);
  });

  it("stays high where 30 % is lost by chance", () => {
    const credit = createCredit(8, 64);
    for (let grant = 0; grant < 20; grant += 1) {
      const lost = Math.round(0.3 * credit.size());
      credit.settle({ came: credit.size() - lost, lost, queuedMs: 5 });
    }
    expect(credit.size()).toBeGreaterThan(40);
  });

  it("is halved by a queue, and by silence, down to a least", () => {
    const credit = createCredit(64, 64);
    credit.settle({ came: 64, lost: 0, queuedMs: 150 });
    expect(credit.size()).toBe(32);
    credit.settle({ came: 0, lost: 0, queuedMs: 0 });
    expect(credit.size()).toBe(16);
    for (let grant = 0; grant < 9; grant += 1) credit.settle({ came: 0, lost: 0, queuedMs: 0 });
    expect(credit.size()).toBe(CREDIT_LEAST);
  });

  it("keeps within its bounds whatever was asked for first", () => {
    expect(createCredit(1, 64).size()).toBe(CREDIT_LEAST);
    expect(createCredit(1_000, 64).size()).toBe(64);
  });
});
