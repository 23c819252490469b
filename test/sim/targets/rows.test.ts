/** The table of goals: which runs a row asks for, and when it says that a goal is met. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { Run } from "../../../src/sim/run/run.ts";
import type { Scenario } from "../../../src/sim/run/scenario.ts";
import { joiner, reconcile } from "../../../src/sim/targets/historyRows.ts";
import { hostile } from "../../../src/sim/targets/hostileRows.ts";
import { relay, scale } from "../../../src/sim/targets/relayRows.ts";
import { crowd, detection, idle, split, stalls } from "../../../src/sim/targets/roomRows.ts";
import type { Bench, Line, Reconciled, Row } from "../../../src/sim/targets/row.ts";

type Change = { readonly [Key in keyof Run]?: Partial<Run[Key]> | Run[Key] };
type Asked = { readonly name: string; readonly nodes: number; readonly loss: number; readonly seed: number };

/** Plays nothing: each run came to what is given. */
function benchOf(
  outcome: (scenario: Scenario, seed: number) => Change,
  isQuick = false,
): { bench: Bench; asked: Asked[] } {
  const asked: Asked[] = [];
  const seeds = [1, 2, 3, 4];
  const bench: Bench = {
    isQuick,
    seeds: (most = seeds.length) => seeds.slice(0, most),
    play: async (scenario, seed) => {
      const { name, nodes, network } = scenario;
      asked.push({ name, nodes, loss: network.loss, seed });
      return runOf(scenario, seed, outcome(scenario, seed));
    },
    reconcile: async (missing, seed) => ({ ...trial, missing, bytes: 100 * seed }),
    spread: async () => ({ coverage: 0.5, sendsPerDelivery: 7, p99Ms: 777, delays: [] }),
  };
  return { bench, asked };
}

async function linesOf(row: Row, outcome: (scenario: Scenario, seed: number) => Change): Promise<readonly Line[]> {
  return (await row.measure(benchOf(outcome).bench)).lines;
}

describe("relay", () => {
  const costing = (sendsPerDelivery: number): Change => ({ measured: { sendsPerDelivery, p99Ms: 90 } });

  test("each figure is the mean of the seeds, beside the goal and the models", async () => {
    const { preface, lines } = await relay.measure(benchOf((_, seed) => costing(seed / 2)).bench);
    expect(lines.map(({ figure, isMet }) => [figure, isMet])).toEqual([
      ["100 % / 1.25 / 90 ms", false],
      ["100 % / 1.25 / 90 ms", true],
      ["100 % / 1.25 / 90 ms", true],
    ]);
    expect(preface).toMatch(/^\| Plumtree \| 50 % \/ 7.00 \/ 777 ms \|/m);
    expect(preface).toMatch(/^\| \*goal\* \| 100 % \/ ≤ 1.1 \/ ≤ 100 ms \|/m);
  });

  test("is played at each loss with each seed", async () => {
    const { bench, asked } = benchOf(() => costing(1));
    await relay.measure(bench);
    expect(asked).toHaveLength(12);
    expect(new Set(asked.map(({ loss }) => loss))).toEqual(new Set([0, 0.1, 0.3]));
  });

  test("less than all, or a broken invariant, is no goal met", async () => {
    const [most] = await linesOf(relay, () => ({ measured: { coverage: 0.9999 } }));
    expect(most?.isMet).toBe(false);
    const [broken] = await linesOf(relay, (_, seed) => ({
      broken: seed === 3 ? ["I1: n0 holds 1 of 2 messages"] : [],
    }));
    expect(broken).toMatchObject({ figure: expect.stringContaining("1 invariants broken"), isMet: false });
  });

  test("a thousand nodes are held against a hundred, within 20 %", async () => {
    const lines = await linesOf(scale, ({ nodes }) => ({
      measured: { bytesPerDelivery: nodes === 100 ? 400 : 480, idleBytesPerNodePerSecond: nodes === 100 ? 300 : 361 },
    }));
    expect(lines).toHaveLength(9);
    expect(lines.slice(1, 3).map(({ figure, goal, isMet }) => [figure, goal, isMet])).toEqual([
      ["480, with 100 nodes 400", "≤ 480", true],
      ["361, with 100 nodes 300", "≤ 360", false],
    ]);
  });
});

describe("a room", () => {
  test("idle traffic is measured in rooms of 10, 100 and 1,000, of these with fewer seeds", async () => {
    const { bench, asked } = benchOf(({ nodes }) => ({ measured: { idleBytesPerNodePerSecond: 300 + nodes / 5 } }));
    const { lines } = await idle.measure(bench);
    expect(lines.map(({ figure, isMet }) => [figure, isMet])).toEqual([
      ["302 bytes/s", true],
      ["320 bytes/s", true],
      ["500 bytes/s", false],
      ["65.6 % more", false],
    ]);
    expect(asked.filter(({ nodes }) => nodes === 1_000)).toHaveLength(3);
  });

  test("detection: the median over all crashes of all seeds; one that somebody missed is no goal met", async () => {
    const fast = { detected: { detectionMs: [4_000, 8_000, 30_000] } };
    expect(await linesOf(detection, () => fast)).toMatchObject([
      { figure: "median 8.0 s, worst 30.0 s of 12", isMet: true },
    ]);
    const [missed] = await linesOf(detection, () => ({ detected: { ...fast.detected, undetected: 1 } }));
    expect(missed?.isMet).toBe(false);
  });

  test("one false death in all the node-hours is one too many", async () => {
    const hour = { virtualMs: 360_000, network: { bytes: 36_000_000 } };
    expect(await linesOf(stalls, () => hour)).toMatchObject([
      { figure: "0 in 40.0 node-hours (2000 bytes/s per node, in and out)", isMet: true },
    ]);
    const [line] = await linesOf(stalls, (_, seed) => ({ ...hour, detected: { falseDeaths: seed === 2 ? 1 : 0 } }));
    expect(line).toMatchObject({ figure: expect.stringMatching(/^1 in 40/), isMet: false });
  });

  test("a crowd is there when all rosters are complete", async () => {
    expect(await linesOf(crowd, () => ({ rosterSettledMs: 12_000, settledMs: 3_000 }))).toMatchObject([
      { figure: "after 12.0 s, one log after 3.0 s", isMet: true },
    ]);
    expect((await linesOf(crowd, () => ({ rosterSettledMs: 15_001 })))[0]?.isMet).toBe(false);
    const [never] = await linesOf(crowd, (_, seed) => ({ rosterSettledMs: seed === 1 ? undefined : 1_000 }));
    expect(never).toMatchObject({ figure: expect.stringMatching(/^after never/), isMet: false });
  });

  test("a split is healed when there is one log and one roster, on all seeds, within a minute", async () => {
    const healed = (rosterSettledMs: number | undefined): Change => ({ settledMs: 2_000, rosterSettledMs });
    const lines = await linesOf(split, ({ name }, seed) =>
      healed(name === "split-long" && seed === 4 ? 61_000 : 3_000),
    );
    expect(lines.map(({ isMet }) => isMet)).toEqual([true, true, false, true]);
    expect(lines[2]?.figure).toBe("one log 2.0 s (worst 2.0 s), one roster 17.5 s (worst 61.0 s)");
    const [never] = await linesOf(split, (_, seed) => healed(seed === 2 ? undefined : 3_000));
    expect(never).toMatchObject({ figure: "one log 2.0 s (worst 2.0 s), one roster never", isMet: false });
  });

  test("a quick look asks for less of everything", async () => {
    for (const row of [relay, scale, idle, detection, stalls, crowd, split]) {
      const [whole, quick] = [benchOf(() => ({})), benchOf(() => ({}), true)];
      await row.measure(whole.bench);
      await row.measure(quick.bench);
      const nodesOf = (asked: readonly Asked[]): number => asked.reduce((sum, { nodes }) => sum + nodes, 0);
      expect(nodesOf(quick.asked), row.name).toBeLessThanOrEqual(nodesOf(whole.asked));
    }
  });
});

describe("history", () => {
  test("reconciliation: bytes are the mean of the seeds, round trips count until the last, of a block until the first", async () => {
    expect(
      (await reconcile.measure(benchOf(() => ({})).bench)).lines.map(({ figure, isMet }) => [figure, isMet]),
    ).toEqual([
      ["250 bytes", false],
      ["250 bytes, 3.5 round trips", false],
      ["250 bytes, 3.5 round trips", true],
      ["250 bytes, 2 round trips", true],
    ]);
  });

  test("what never came is no goal met", async () => {
    const { bench } = benchOf(() => ({}));
    const never = { ...bench, reconcile: async () => ({ ...trial, roundTrips: null, allMs: null }) };
    const [nothing, ten] = (await reconcile.measure(never)).lines;
    expect([nothing?.isMet, ten?.isMet]).toEqual([true, false]);
    expect(ten?.figure).toBe("50 bytes, some never came");
    expect((await joiner.measure(never)).lines).toMatchObject([
      { figure: "0.2 s", isMet: true },
      { figure: "some never came", isMet: false },
    ]);
  });
});

describe("hostile", () => {
  const slower = (p99Ms: number) => (scenario: Scenario) => ({
    measured: { p99Ms: scenario.hostile?.strategies[0] === "flood" ? p99Ms : 140 },
  });
  const isMet = async (p99Ms: number): Promise<boolean | undefined> =>
    (await linesOf(hostile, slower(p99Ms))).find(({ what }) => what.endsWith("(flood)"))?.isMet;

  test("each attack is held against the same room without it, within twice the time", async () => {
    expect([await isMet(280), await isMet(281)]).toEqual([true, false]);
    const lines = await linesOf(hostile, slower(300));
    expect(lines.length).toBeGreaterThan(19);
    expect(lines.filter((one) => !one.isMet).map(({ figure, goal }) => [figure, goal])).toEqual([
      ["300 ms, without 140 ms", "≤ 280 ms"],
    ]);
  });
});

describe("npm run sim:table", () => {
  const path = fileURLToPath(new URL("../../../dist/sim/table.js", import.meta.url));
  const table = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(process.execPath, [path, ...args], { encoding: "utf8" });

  test("plays a row, prints Markdown, tells its progress beside it", () => {
    const { status, stdout, stderr } = table("--quick", "--only", "idle", "joiner", "--workers", "2");
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^\| what \| measured \| goal \| met \|\n\|---\|---\|---\|---\|\n\| idle traffic .*10 nodes \| \d+ bytes\/s \|/,
    );
    expect(stdout).toMatch(/\n\d of 5 goals met \(a quick look, no measure\)\n$/);
    expect(stderr).toMatch(/^\d of 3 runs, \d+ s: idle, 100 nodes, 0 % loss, seed 1$/m);
  }, 120_000);

  test("names its rows, and refuses others in one line", () => {
    const help = table("--help");
    for (const row of [relay, scale, idle, detection, stalls, crowd, split, reconcile, joiner])
      expect(help.stdout).toContain(`  ${row.name.padEnd(10)} ${row.about}\n`);
    const { status, stdout, stderr } = table("--only", "nosuch");
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^[^\n]*nosuch[^\n]*relay[^\n]*\n$/);
  });
});

// --- internal ---

const trial: Reconciled = {
  missing: "some",
  bytes: 50,
  roundTripsFirst: 2,
  roundTrips: 3.5,
  pageMs: 200,
  allMs: 4_000,
};

function runOf({ name, nodes, network }: Scenario, seed: number, change: Change): Run {
  const measured = {
    coverage: 1,
    sendsPerDelivery: 1,
    bytesPerDelivery: 400,
    p50Ms: 30,
    p99Ms: 90,
    maxMs: 120,
    lastHop: 2,
    idleBytesPerNodePerSecond: 300,
  };
  const detected = { detectionMs: [8_000], undetected: 0, falseDeaths: 0 };
  const base = { scenario: name, seed, nodes, loss: network.loss, broken: [], virtualMs: 300_000 };
  return {
    ...base,
    settledMs: 0,
    rosterSettledMs: 0,
    ...change,
    measured: { ...measured, ...change.measured },
    detected: { ...detected, ...change.detected },
    network: { bytes: 1_000_000, ...change.network },
  } as Run;
}
