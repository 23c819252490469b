/**
 * Hostile inputs for every decoder and for whole nodes: 200,000 in each run of the tests, and each that once found a fault.
 * `npm run fuzz` plays as many as wanted; SMPLCHAT_FUZZ_SEED tries others than the usual ones.
 */
import { describe, expect, it } from "vitest";
import { knownInputs } from "./corpus.ts";
import { fuzz } from "./fuzz.ts";
import { allTargets } from "./targets.ts";

const EXECUTIONS = 200_000;
/** Of fewer inputs all may happen to be refused. */
const ENOUGH = 1_000;
/** Many times what it takes on a slow machine with other work to do. */
const LIMIT_MS = 300_000;
const seed = Number(process.env.SMPLCHAT_FUZZ_SEED ?? 1);
const targets = allTargets();
const weights = targets.reduce((sum, { weight }) => sum + weight, 0);

describe("hostile inputs", () => {
  it.each(targets)(
    "find no fault in $name",
    async (target) => {
      const [tally] = await fuzz([target], Math.ceil((EXECUTIONS * target.weight) / weights), seed);
      expect(tally?.findings.map(({ replay, error }) => `${replay}\n${(error as Error).stack}`)).toEqual([]);
      const { accepted = 0, executions = 0 } = tally ?? {};
      // Both ways are really walked: an unlucky corpus would test nothing.
      if (executions >= ENOUGH) expect(Math.min(accepted, executions - accepted)).toBeGreaterThan(executions / 1_000);
    },
    LIMIT_MS,
  );
});

it("inputs that once found a fault find none any more", async () => {
  for (const { target, bytes, why } of knownInputs()) {
    const outcome = await targets.find(({ name }) => name === target)?.replay?.(Buffer.from(bytes, "hex"));
    expect([target, why, outcome]).toEqual([target, why, expect.stringMatching(/^(accepted|refused)$/)]);
  }
});
