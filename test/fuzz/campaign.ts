/** What `npm run fuzz` plays: scripts/fuzz.js hands its options on in SMPLCHAT_FUZZ. It fails if there are findings. */
import { expect, it } from "vitest";
import { fuzz, tallyLine } from "./fuzz.ts";
import { allTargets } from "./targets.ts";

type Options = {
  readonly executions: number;
  readonly seed: number;
  readonly target?: string;
  /** Hex: this one input and nothing else. */
  readonly input?: string;
};

const options = JSON.parse(process.env.SMPLCHAT_FUZZ ?? "{}") as Options;

it("finds no fault", async () => {
  const { target, input, seed, executions } = options;
  const targets = allTargets().filter(({ name }) => target === undefined || name === target);
  if (targets.length === 0)
    throw new Error(
      `no target ${target}: there are ${allTargets()
        .map(({ name }) => name)
        .join(", ")}`,
    );
  if (input !== undefined) {
    const replay = targets[0]?.replay;
    if (replay === undefined) throw new Error(`${target} has no single inputs: give --seed and --executions`);
    console.log(`${target}: ${await replay(Buffer.from(input, "hex"))}`);
    return;
  }
  const startedAt = performance.now();
  let findings = 0;
  for (const [index, one] of targets.entries()) {
    const weights = targets.reduce((sum, { weight }) => sum + weight, 0);
    const share = Math.max(1, Math.round((executions * one.weight) / weights));
    const [tally] = await fuzz([one], share, seed);
    if (tally === undefined) throw new Error(`target ${index} did not run`);
    console.log(tallyLine(tally));
    for (const { replay, error } of tally.findings) console.log(`  FOUND ${replay}\n  ${(error as Error).stack}`);
    findings += tally.findings.length;
  }
  console.log(`${findings} findings in ${((performance.now() - startedAt) / 1_000).toFixed(1)} s, seed ${seed}`);
  expect(findings).toBe(0);
});
