// How `npm run fuzz` runs its one file: by itself, without a limit, and its output as it is.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/fuzz/campaign.ts"],
    pool: "forks",
    maxWorkers: 1,
    testTimeout: 0,
    disableConsoleIntercept: true,
    env: { SMPLCHAT_DISCOVERY: "off" },
  },
});
