/** The mesh scenario, a share of its seeds to each test file, so that both cores of a small machine are used. */
import { describe, expect, it } from "vitest";
import { readScenario } from "../../src/sim/run/library.ts";
import { run } from "../../src/sim/run/run.ts";

/** Seeds played by `npm test` in all, half of them in each file; CONTRIBUTING.md says how to play more. */
export const MESH_SEEDS = Number(process.env.MESH_SEEDS ?? 2);
/** Of one seed: ten times what it takes on a slow machine with other work to do. */
const LIMIT_MS = 120_000;

export function playMesh(seeds: readonly number[]): void {
  describe("50 nodes, 20 % loss, a 30 s partition and 5 crashes end with one log everywhere", () => {
    it.each(seeds)(
      "seed %i",
      (seed) => {
        const mesh = readScenario("mesh");
        if (typeof mesh === "string") throw new Error(mesh);
        const played = run(mesh, seed);
        const replay = `replay: npm run sim -- --scenario mesh --seed ${seed}`;
        expect(played.broken, replay).toEqual([]);
        expect(played.measured.coverage, replay).toBe(1);
        expect(played.settledMs, replay).toBeDefined();
        // The run was what its title says.
        expect(played.faults, replay).toMatchObject({ partition: 1, crash: 5 });
        expect(played.network.lost / played.network.sent, replay).toBeGreaterThan(0.1);
        // Nobody talks without end: some 30 datagrams a second are what a bad network takes.
        const perNodeSecond = played.network.sent / played.nodes / (played.virtualMs / 1_000);
        expect(perNodeSecond, replay).toBeLessThan(100);
        expect(played.network.cut, replay).toBeGreaterThan(0);
      },
      LIMIT_MS,
    );
  });
}
