// How the tests run: one worker per core of a small machine, and a fresh build for those that start the real program.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.{ts,tsx}"],
    globalSetup: ["test/house/globalSetup.ts"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 30_000,
    teardownTimeout: 10_000,
    restoreMocks: true,
    unstubEnvs: true,
    // A test that starts the program on this host's own interfaces must not be heard outside; see CONTRIBUTING.md.
    env: { SMPLCHAT_DISCOVERY: "off" },
    coverage: {
      provider: "v8",
      include: ["src/**"],
      reporter: ["text", "html"],
      reportsDirectory: "coverage",
    },
  },
});
